"""GitHub's workflows: nothing that somebody else can change under us, and no words of strangers in a shell."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.templates import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

# The first version of each that runs on Node 24; GitHub's runners have no Node 20 since 2026-09-16.
ON_NODE_24 = {
    "actions/attest": (3, 0, 0),
    "actions/checkout": (5, 0, 0),
    "actions/download-artifact": (7, 0, 0),
    "actions/setup-python": (6, 0, 0),
    "actions/upload-artifact": (6, 0, 0),
    "aws-actions/amazon-ecr-login": (2, 0, 2),
    "aws-actions/configure-aws-credentials": (6, 0, 0),
    "docker/build-push-action": (7, 0, 0),
    "docker/login-action": (4, 0, 0),
    "docker/setup-buildx-action": (4, 0, 0),
    "docker/setup-qemu-action": (4, 0, 0),
}

ATTESTS = {"contents": "read", "id-token": "write", "attestations": "write"}
# Of the jobs that may do more than read the code.
PERMISSIONS = {
    ("deploy", "deploy"): {"contents": "read", "id-token": "write"},
    ("release", "check"): {"contents": "read", "actions": "read"},
    ("release", "packages"): ATTESTS,
    ("release", "bot"): {**ATTESTS, "packages": "write"},
    ("release", "functions"): {**ATTESTS, "packages": "write"},
    ("release", "publish"): {"contents": "write"},
}

workflows = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@workflows
def test_actions_are_pinned_by_commit_and_say_their_version(file: Path) -> None:
    used = [line for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_an_action_has_the_same_version_everywhere() -> None:
    used = {tuple(match) for file in FILES for match in re.findall(r"uses: (\S+)@(\S+)", file.read_text())}
    assert len({action for action, _ in used}) == len(used)


@workflows
def test_no_action_needs_the_node_that_runners_have_no_more(file: Path) -> None:
    for action, version in re.findall(r"uses: (\S+)@\w+ # v([\d.]+)", file.read_text()):
        assert tuple(int(part) for part in version.split(".")) >= ON_NODE_24[action], action


@workflows
def test_a_job_has_the_permissions_that_it_names(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"] == PERMISSIONS.get((file.stem, name), {"contents": "read"})


@workflows
def test_a_shell_gets_values_only_through_its_environment(file: Path) -> None:
    for step in steps(yaml.safe_load(file.read_text())):
        assert "${{" not in step.get("run", "")


@workflows
def test_what_a_step_calls_is_there(file: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for step in steps(yaml.safe_load(file.read_text())):
        commands = step.get("run", "")
        for target in re.findall(r"^make ([a-z0-9-]+)", commands, re.MULTILINE):
            assert target in targets
        for path in re.findall(r"(?<![\w/])((?:docker|inference)/[\w./-]+)", commands):
            assert (ROOT / path).is_file(), path


def builds(file: Path) -> list[dict[str, Any]]:
    return [
        step["with"]
        for step in steps(yaml.safe_load(file.read_text()))
        if step.get("uses", "").startswith("docker/build-push-action@")
    ]


@workflows
def test_images_for_lambda_are_no_indexes(file: Path) -> None:
    for build in builds(file):
        if build["file"] != "docker/bot.Dockerfile" and build.get("push"):
            assert (build["platforms"], build["provenance"], build["sbom"]) == ("linux/arm64", False, False)


def test_a_deployment_has_a_cache_for_each_image_and_a_release_none() -> None:
    deploy, release = (builds(ROOT / f".github/workflows/{name}.yml") for name in ("deploy", "release"))
    assert len({build["cache-to"] for build in deploy}) == len(deploy)
    assert not [build for build in release if "cache-from" in build or "cache-to" in build]


def test_a_second_deployment_of_a_commit_pushes_other_tags() -> None:
    for build in builds(ROOT / ".github/workflows/deploy.yml"):
        tag = build["tags"].rpartition(":")[2]
        assert {"github.sha", "github.run_id", "github.run_attempt"} <= set(re.findall(r"[\w.]+", tag))


def test_a_release_pushes_under_the_repository_s_own_name_and_attests_all_that_it_pushes() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    pushed = 0
    for job in jobs.values():
        attested = {
            (step["with"]["subject-name"], step["with"]["subject-digest"])
            for step in job["steps"]
            if step.get("uses", "").startswith("actions/attest@") and "subject-name" in step["with"]
        }
        for step in job["steps"]:
            if step.get("with", {}).get("push"):
                [name] = {tag.rpartition(":")[0] for tag in step["with"]["tags"].splitlines()}
                assert name.startswith("${{ needs.check.outputs.image }}")
                assert (name, f"${{{{ steps.{step['id']}.outputs.digest }}}}") in attested
                pushed += 1
    assert pushed == 2


def test_nothing_is_published_before_everything_is_built() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    assert set(jobs["publish"]["needs"]) == set(jobs) - {"publish"}
    assert all(job.get("needs") == "check" for name, job in jobs.items() if name not in {"publish", "check"})


def test_the_stack_is_named_in_one_place() -> None:
    deploy = (ROOT / ".github/workflows/deploy.yml").read_text()
    assert yaml.safe_load(deploy)["env"]["STACK"] == "${{ vars.STACK || 'captionbot' }}"
    assert deploy.count("captionbot") == 1


def test_everybody_has_the_sam_that_the_templates_are_checked_with() -> None:
    files = (".github/workflows/deploy.yml", "Makefile", "docs/aws.md")
    versions = [set(re.findall(r"aws-sam-cli==([\d.]+)", (ROOT / file).read_text())) for file in files]
    assert versions == [versions[0]] * 3 and len(versions[0]) == 1
