"""The bot's resources on AWS: what the template says must be what the code reads."""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from bot.settings import BotSettings
from inference.settings import InferenceSettings
from tests.docker.templates import (
    DEPLOY_ROLE,
    ROOT,
    TEMPLATE,
    of_type,
    parameters,
    resources,
    statements,
    translated,
    words,
)

FUNCTION = "AWS::Serverless::Function"
SECRETS = {
    "SLACK_BOT_TOKEN_PARAMETER",
    "SLACK_SIGNING_SECRET_PARAMETER",
    "TELEGRAM_BOT_TOKEN_PARAMETER",
    "TELEGRAM_WEBHOOK_SECRET_PARAMETER",
}


@pytest.fixture(scope="module", autouse=True)
def region() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        yield


@pytest.fixture
def functions() -> dict[str, dict[str, Any]]:
    return of_type(resources(TEMPLATE), FUNCTION)


def test_every_variable_of_a_function_is_a_setting(functions: dict[str, dict[str, Any]]) -> None:
    for name, function in functions.items():
        fields = (InferenceSettings if name == "Captioner" else BotSettings).types()
        for variable in function["Environment"]["Variables"]:
            assert variable.removesuffix("_PARAMETER").lower() in fields, f"{name}: {variable}"


def test_no_secret_is_in_the_environment(functions: dict[str, dict[str, Any]]) -> None:
    secrets = {name.upper() for name in BotSettings.secret_names()}
    variables = {variable for function in functions.values() for variable in function["Environment"]["Variables"]}
    # The inbox's URL may hold a password where it is a database; here it is a queue.
    assert variables & secrets == {"INBOX_URL"}
    assert {variable for variable in variables if variable.endswith("_PARAMETER")} == SECRETS


def test_each_role_reads_only_the_secrets_that_its_function_names(functions: dict[str, dict[str, Any]]) -> None:
    roles = of_type(resources(TEMPLATE), "AWS::IAM::Role")
    for name, function in functions.items():
        named = [str(text) for key, text in function["Environment"]["Variables"].items() if key.endswith("_PARAMETER")]
        granted = [
            str(resource)
            for statement in statements(roles[f"{name}Role"])
            if statement["Action"] == "ssm:GetParameters"
            for resource in words(statement["Resource"])
        ]
        assert len(named) == len(granted)
        for resource in granted:
            secret = resource.rpartition("/")[2].rstrip("'}")
            assert any(secret in text for text in named), f"{name} needs no {secret}"


def test_roles_are_granted_resources_by_name() -> None:
    for name, role in of_type(resources(TEMPLATE), "AWS::IAM::Role").items():
        for statement in statements(role):
            assert "*" not in str(statement), name


def test_the_boundary_allows_what_the_roles_grant() -> None:
    boundary = of_type(resources(DEPLOY_ROLE), "AWS::IAM::ManagedPolicy")["Boundary"]
    allowed = {action for entry in boundary["PolicyDocument"]["Statement"] for action in words(entry["Action"])}
    granted = {
        action
        for role in of_type(resources(TEMPLATE), "AWS::IAM::Role").values()
        for entry in statements(role)
        for action in words(entry["Action"])
    }
    assert granted == allowed


def test_a_stack_of_another_name_reads_the_secrets_that_its_boundary_allows() -> None:
    boundary = of_type(resources(DEPLOY_ROLE), "AWS::IAM::ManagedPolicy")["Boundary"]
    [allowed] = [
        entry["Resource"]["Fn::Sub"].partition(":parameter")[2]
        for entry in boundary["PolicyDocument"]["Statement"]
        if entry["Action"] == "ssm:GetParameters"
    ]
    assert allowed == "/${Stack}/*"
    for role in of_type(resources(TEMPLATE), "AWS::IAM::Role").values():
        for entry in statements(role):
            if entry["Action"] == "ssm:GetParameters":
                for secret in words(entry["Resource"]):
                    assert secret["Fn::Sub"].partition(":parameter")[2].startswith("/${AWS::StackName}/")
    assert "SecretsPrefix" not in parameters(TEMPLATE)


def test_public_urls_have_both_permissions_and_the_captioner_has_none() -> None:
    found = translated(TEMPLATE)
    permissions = of_type(found, "AWS::Lambda::Permission").values()
    for door in ("SlackDoor", "TelegramDoor"):
        public = [
            entry for entry in permissions if entry["FunctionName"] == {"Ref": door} and entry["Principal"] == "*"
        ]
        assert {entry["Action"]: entry.get("InvokedViaFunctionUrl") for entry in public} == {
            "lambda:InvokeFunctionUrl": None,
            "lambda:InvokeFunction": True,
        }
    assert found["CaptionerUrl"]["Properties"]["AuthType"] == "AWS_IAM"
    captioner = found["CaptionerUrl"]["Properties"]["TargetFunctionArn"]
    assert [entry["Principal"] for entry in permissions if entry["FunctionName"] == captioner] == [
        "events.amazonaws.com"
    ]


def test_the_captioners_url_and_schedule_go_to_the_alias_that_has_the_snapshot() -> None:
    found = translated(TEMPLATE)
    [(alias, _)] = of_type(found, "AWS::Lambda::Alias").items()
    assert found["Captioner"]["Properties"]["SnapStart"] == {"ApplyOn": {"Ref": "SnapStart"}}
    assert parameters(TEMPLATE)["SnapStart"]["Default"] == "PublishedVersions"
    assert found["CaptionerUrl"]["Properties"]["TargetFunctionArn"] == {"Ref": alias}
    assert found["CaptionerWarm"]["Properties"]["Targets"][0]["Arn"] == {"Ref": alias}


def test_another_memory_or_snapshot_is_another_version_and_another_worker_is_not() -> None:
    # What docker/deploy.py gives the parameter Release.
    sys.path.insert(0, str(ROOT / "docker"))
    try:
        release = importlib.import_module("deploy")._release
    finally:
        sys.path.remove(str(ROOT / "docker"))

    def version(template: str = TEMPLATE.read_text(), **chosen: str) -> str:
        usual = {"InferenceImage": "i@sha256:1", "CaptionerMemory": "1769", "SnapStart": "PublishedVersions"}
        usual |= {"CaptionDetail": "short", "CaptionPrompt": ""}
        found = translated(TEMPLATE, Release=release(template, usual | chosen))
        # The alias follows it.
        [alias] = of_type(found, "AWS::Lambda::Alias").values()
        [name] = of_type(found, "AWS::Lambda::Version")
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [name, "Version"]}
        return name

    usual = version()
    assert version(WebhooksImage="w@sha256:2", WorkerConcurrency="9", AlarmAddress="me@example.org") == usual
    others = [
        version(CaptionerMemory="3008"),
        version(SnapStart="None"),
        version(CaptionDetail="detailed"),
        version(CaptionPrompt="a photograph of"),
        version(InferenceImage="i@sha256:2"),
        version(template=TEMPLATE.read_text().replace('CAPTION_DEADLINE: "20"', 'CAPTION_DEADLINE: "19"')),
    ]
    assert len({usual, *others}) == 7


def test_a_photo_has_one_delivery_more_than_attempts(functions: dict[str, dict[str, Any]]) -> None:
    inbox = resources(TEMPLATE)["Inbox"]["Properties"]
    worker = functions["Worker"]
    attempts = int(worker["Environment"]["Variables"]["ATTEMPTS"])
    assert inbox["RedrivePolicy"]["maxReceiveCount"] == attempts + 1
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    assert inbox["VisibilityTimeout"] >= 6 * worker["Timeout"]


def test_a_new_account_has_room_for_the_doors_beside_workers_and_captioners() -> None:
    # One that may run ten functions at once.
    assert parameters(TEMPLATE)["WorkerConcurrency"]["Default"] * 2 + 2 <= 10
    for door in ("SlackDoor", "TelegramDoor"):
        reserved = resources(TEMPLATE)[door]["Properties"]["ReservedConcurrentExecutions"]
        assert reserved == {"Fn::If": ["DoorsAreReserved", {"Ref": "DoorConcurrency"}, {"Ref": "AWS::NoValue"}]}
    assert parameters(TEMPLATE)["DoorConcurrency"]["Default"] == 0


def test_the_captioner_apologises_before_lambda_ends_it(functions: dict[str, dict[str, Any]]) -> None:
    captioner = functions["Captioner"]
    assert float(captioner["Environment"]["Variables"]["CAPTION_DEADLINE"]) < captioner["Timeout"]
    # Nor does the worker give up on it earlier.
    assert captioner["Timeout"] < BotSettings().caption_timeout < functions["Worker"]["Timeout"]


def test_the_table_has_the_attributes_that_powertools_writes() -> None:
    table = resources(TEMPLATE)["Claims"]["Properties"]
    layer = inspect.signature(DynamoDBPersistenceLayer).parameters
    assert table["KeySchema"] == [{"AttributeName": layer["key_attr"].default, "KeyType": "HASH"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": layer["expiry_attr"].default, "Enabled": True}


def test_the_page_tells_every_parameter_with_its_default() -> None:
    page = (ROOT / "docs" / "aws.md").read_text().partition("## Parameters")[2].partition("\n## ")[0]
    told = {
        name: default.strip(" `")
        for names, default in re.findall(r"^\| (`[^|]+`) \| ([^|]*)\|", page, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    ours = {"InferenceImage", "WebhooksImage", "PermissionsBoundary", "Release", "Deployed"}
    known = {name: str(entry.get("Default")) for name, entry in parameters(TEMPLATE).items() if name not in ours}
    assert told == known


def test_sam_can_send_the_template_without_a_bucket() -> None:
    assert len(TEMPLATE.read_bytes()) < 51_200


def test_what_deploys_touches_only_what_is_named_after_the_stack() -> None:
    wide = [
        tuple(words(entry["Action"]))
        for role in of_type(resources(DEPLOY_ROLE), "AWS::IAM::Role").values()
        for entry in statements(role)
        if "*" in words(entry["Resource"]) and "Condition" not in entry
    ]
    # AWS knows no narrower resource for these.
    assert sorted(wide) == [
        ("cloudformation:GetTemplateSummary",),
        ("ecr:GetAuthorizationToken",),
        ("logs:DescribeResourcePolicies",),
    ]
    for role in of_type(resources(DEPLOY_ROLE), "AWS::IAM::Role").values():
        for entry in statements(role):
            assert not any("*" in action for action in words(entry["Action"]))
