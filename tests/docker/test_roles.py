"""Every role may do what is done as it, and nothing else: compared with what was called, and with AWS's own lists."""

import json
import sys
from collections.abc import Iterator
from importlib.resources import files

import pytest

from tests.bot.conftest import make_photo
from tests.docker.templates import DEPLOY_ROLE, TEMPLATE, granted, translated
from tests.sandbox.aws import AwsSandbox, key_of
from tests.sandbox.endpoint import CaptionEndpoint, Failure
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.webhooks.aws.deployment import PARAMETERS, SECRETS, deployed
from tests.webhooks.local.test_one_answer import wait_until

GENERAL = "C0GENERAL"
# The template has all secrets in Parameter Store.
ALL = (*PARAMETERS, *SECRETS)

# What Lambda itself does as a function's role: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}
# The captioner's URL is called over HTTP, and refuses a call that is not signed; it asks for both.
CALLING = {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}


# ── The functions ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """What each function called while people lived through everything that the bot does: success, failure, album."""
    with (
        AwsSandbox(tmp_path_factory.mktemp("roles")) as aws,
        SlackSandbox() as slack,
        TelegramSandbox() as telegram,
        CaptionEndpoint() as endpoint,
        deployed(
            aws, slack, telegram, endpoint=endpoint.url, timeout=30, ATTEMPTS="2", parameters=(*PARAMETERS, *SECRETS)
        ) as here,
    ):
        endpoint.failures = [Failure(500)] * 20
        failing = slack.upload(GENERAL, [make_photo()])
        wait_until(here.dead)
        endpoint.failures = []
        chat = telegram.private()
        telegram.send_album(chat, [make_photo(), make_photo()])
        sent = slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: slack.replies(sent) and slack.replies(failing) and telegram.sent(chat))
        wait_until(lambda: here.waiting() == 0)
        functions = {"SlackDoor": here.slack_door, "TelegramDoor": here.telegram_door, "Worker": here.worker}
        yield {name: set(aws.calls(key_of(function.handler))) for name, function in functions.items()}


@pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")
@pytest.mark.parametrize("name", ["SlackDoor", "TelegramDoor", "Worker"])
def test_a_function_may_do_what_it_does_and_nothing_else(name: str, called: dict[str, set[str]]) -> None:
    assert granted(TEMPLATE, f"{name}Role") == called[name] | LOGGING | (CALLING if name == "Worker" else set())


def test_the_captioner_may_write_its_log_and_nothing_else() -> None:
    assert granted(TEMPLATE, "CaptionerRole") == LOGGING


# ── CloudFormation ────────────────────────────────────────────────────────────────────────────────────────────────────

# What the handlers call for properties that the template does not set, and for another's key or data.
UNUSED = {
    "AWS::CloudWatch::Dashboard": set(),
    "AWS::DynamoDB::Table": {
        *("dynamodb:AssociateTableReplica", "dynamodb:CreateTableReplica", "iam:CreateServiceLinkedRole"),
        *("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
        *("dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:DescribeImport", "dynamodb:ImportTable"),
        *("dynamodb:DeleteResourcePolicy", "dynamodb:PutResourcePolicy", "dynamodb:UpdateContinuousBackups"),
        *("dynamodb:DisableKinesisStreamingDestination", "dynamodb:EnableKinesisStreamingDestination"),
        *("dynamodb:UpdateKinesisStreamingDestination", "dynamodb:UpdateContributorInsights"),
        *("kinesis:DescribeStream", "kinesis:PutRecords", "logs:DescribeLogStreams", "logs:CreateLogStream"),
        *("logs:PutLogEvents", "s3:GetObject", "s3:GetObjectMetadata", "s3:ListBucket"),
    },
    "AWS::IAM::Role": {
        *("iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:DeleteRolePermissionsBoundary"),
        *("iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"),
    },
    "AWS::Lambda::Alias": {
        *("codedeploy:CreateDeployment", "codedeploy:GetDeployment", "codedeploy:GetDeploymentConfig"),
        *("codedeploy:GetDeploymentGroup", "codedeploy:StopDeployment"),
        *("lambda:DeleteProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig"),
    },
    "AWS::Lambda::Function": {
        *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        *("elasticfilesystem:DescribeMountTargets", "s3files:ListMountTargets", "s3:GetObject", "s3:GetObjectVersion"),
        *("lambda:AssociateRuntimeAlias", "lambda:GetLayerVersion", "lambda:PassCapacityProvider"),
        *("lambda:GetCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig"),
        *("lambda:DeleteFunctionCodeSigningConfig", "lambda:PutFunctionRecursionConfig"),
        *("lambda:PutFunctionScalingConfig", "lambda:PutRuntimeManagementConfig"),
    },
    "AWS::Lambda::Version": {
        *("lambda:PutFunctionScalingConfig", "lambda:PutProvisionedConcurrencyConfig"),
        "lambda:PutRuntimeManagementConfig",
    },
    "AWS::Logs::LogGroup": {
        *("firehose:TagDeliveryStream", "logs:AssociateKmsKey", "logs:CreateLogDelivery", "logs:DeleteIndexPolicy"),
        *("logs:DeleteResourcePolicy", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey"),
        *("logs:PutBearerTokenAuthentication", "logs:PutDataProtectionPolicy", "logs:PutIndexPolicy"),
        *("logs:PutLogGroupDeletionProtection", "logs:PutResourcePolicy", "s3:REST.PUT.OBJECT"),
    },
    "AWS::SNS::Subscription": {"sns:SetSubscriptionAttributes"},
    "AWS::SNS::Topic": {"sns:PutDataProtectionPolicy"},
}
# What is asked of others: SAM's translation, and ECR, from which Lambda fetches the images as whoever makes a function.
OTHERS = {
    "cloudformation:CreateChangeSet",
    *("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetRepositoryPolicy"),
}


def handlers() -> dict[str, set[str]]:
    """What CloudFormation's handlers call to create, read, update and delete each type of resource, by AWS's schemas.

    Calls of KMS are for keys of one's own.
    """
    schemas = files("cfnlint.data.schemas")
    region = json.loads((schemas / "providers" / "eu-central-1.json").read_text())
    found = {}
    for kind in {entry["Type"] for entry in translated(TEMPLATE).values()}:
        schema = json.loads((schemas / "resources" / f"{region[kind]}.json").read_text())
        lists = [entry["permissions"] for verb, entry in schema["handlers"].items() if verb != "list"]
        found[kind] = {action for actions in lists for action in actions if not action.startswith("kms:")}
    return found


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return granted(DEPLOY_ROLE, "ResourcesRole")


def test_cloudformation_may_do_what_its_handlers_do_and_nothing_else(cloudformation: set[str]) -> None:
    needed = {action for kind, actions in handlers().items() for action in actions - UNUSED.get(kind, set())}
    assert cloudformation == needed | OTHERS


def test_what_a_handler_only_reads_is_never_left_out(cloudformation: set[str]) -> None:
    others = ("ec2:", "s3:", "s3files:", "elasticfilesystem:", "kinesis:", "codedeploy:")
    data = {"dynamodb:GetItem", "dynamodb:DescribeImport", "logs:DescribeLogStreams"}
    properties = {"lambda:GetCodeSigningConfig", "lambda:GetLayerVersion"}
    reads = {
        action
        for actions in handlers().values()
        for action in actions
        if action.partition(":")[2].startswith(("Get", "Describe", "List")) and not action.startswith(others)
    }
    assert reads - data - properties <= cloudformation


def test_what_is_left_out_is_in_a_list_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    listed = handlers()
    for kind, actions in UNUSED.items():
        assert actions <= listed[kind], kind
