"""GitHub's workflows: nothing that somebody else can change under us, and no words of strangers in a shell."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.templates import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

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
def test_a_job_has_the_permissions_that_it_names(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {}
    wanted = {"contents": "read", "id-token": "write"} if file.stem == "deploy" else {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["permissions"] == wanted


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


@workflows
def test_images_for_lambda_are_no_indexes_and_have_caches_of_their_own(file: Path) -> None:
    builds = [
        step["with"]
        for step in steps(yaml.safe_load(file.read_text()))
        if step.get("uses", "").startswith("docker/build-push-action@")
    ]
    for build in builds:
        assert (build["platforms"], build["provenance"], build["sbom"]) == ("linux/arm64", False, False)
    assert len({build["cache-to"] for build in builds}) == len(builds)
