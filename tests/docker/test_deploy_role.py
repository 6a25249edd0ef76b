"""Who may deploy, and what of the images is kept: the stack of docker/deploy-role.yaml as it stands in an account."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docker.account import ADMINISTRATOR, Account
from tests.docker.templates import DEPLOY_ROLE, of_type, resources
from tests.sandbox.aws import AwsSandbox

REPOSITORIES = of_type(resources(DEPLOY_ROLE), "AWS::ECR::Repository")
SUBJECT = "token.actions.githubusercontent.com:sub"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with AwsSandbox(tmp_path_factory.mktemp("account"), cloudformation=True) as aws:
        account = Account(aws)
        account.prepare("photo-bot")
        yield account


@pytest.fixture(scope="module")
def trust(account: Account) -> dict[str, Any]:
    role = account.aws.client("iam", ADMINISTRATOR).get_role(RoleName="photo-bot-deploy")["Role"]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    found: dict[str, Any] = statement
    return found


@pytest.mark.parametrize(
    ("subject", "welcome"),
    [
        ("repo:octo/Bot:ref:refs/heads/main", True),  # a repository of before 2026-07-15
        ("repo:octo@1/Bot@2:ref:refs/heads/main", True),  # one that was created, renamed or transferred since
        ("repo:octo@1/Bot@3:ref:refs/heads/main", False),
        ("repo:octo@9/Bot@2:ref:refs/heads/main", False),
        ("repo:octo@1/Bot:ref:refs/heads/main", False),
        ("repo:octo/Bot@2:ref:refs/heads/main", False),
        ("repo:octo/Bot:ref:refs/heads/other", False),
        ("repo:octo@1/Bot@2:ref:refs/heads/other", False),
        ("repo:octo/Bot:pull_request", False),
        ("repo:octo@1/Bot@2:environment:main", False),
    ],
)
def test_only_one_branch_of_one_repository_can_deploy(trust: dict[str, Any], subject: str, welcome: bool) -> None:
    # Nothing else would compare whole strings.
    assert list(trust["Condition"]) == ["StringEquals"]
    assert (subject in trust["Condition"]["StringEquals"][SUBJECT]) == welcome
    assert trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize("repository", ["InferenceRepository", "WebhooksRepository"])
def test_the_image_that_runs_is_kept_whatever_is_pushed(repository: str) -> None:
    text = REPOSITORIES[repository]["LifecyclePolicy"]["LifecyclePolicyText"]
    running = ["run-1", "live"]
    pushed = [[f"run-{number}"] for number in range(60, 1, -1)] + [running]
    kept = survivors(json.loads(text)["rules"], pushed)
    assert running in kept
    assert len(kept) >= 20
    assert pushed[:19] == kept[:19], "and so are the latest"


def survivors(rules: list[dict[str, Any]], images: list[list[str]]) -> list[list[str]]:
    """Apply a lifecycle policy to images, each a list of tags, the latest first.

    A rule counts all images that it matches, but expires none that a rule before it matches by its tags:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    expired: list[list[str]] = []
    spoken_for: list[list[str]] = []
    for rule in sorted(rules, key=lambda rule: rule["rulePriority"]):
        chosen = rule["selection"]
        patterns = chosen.get("tagPatternList", ["*"])
        matched = [tags for tags in images if all(fnmatch.filter(tags, pattern) for pattern in patterns)]
        expired += [tags for tags in matched[chosen["countNumber"] :] if tags not in spoken_for]
        spoken_for += matched
    return [tags for tags in images if tags not in expired]


@pytest.mark.parametrize("repository", ["InferenceRepository", "WebhooksRepository"])
def test_a_tag_is_given_once_but_for_the_one_that_moves(repository: str) -> None:
    assert REPOSITORIES[repository]["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    [exclusion] = REPOSITORIES[repository]["ImageTagMutabilityExclusionFilters"]
    assert exclusion["ImageTagMutabilityExclusionFilterValue"] == "live"
