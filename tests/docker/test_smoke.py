"""The smoke test after a deployment, of functions that run here as Lambda runs them."""

import json
import sys
from collections.abc import Iterator

import pytest

from tests.docker.account import ADMINISTRATOR, Account
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.lambda_function import ACCOUNT, REGION, LambdaFunction
from tests.sandbox.lambda_url import FunctionUrl
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.webhooks.aws.deployment import Deployment, deployed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")

SECRET = "/photo-bot/slack-signing-secret"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with AwsSandbox(tmp_path_factory.mktemp("account")) as aws:
        yield Account(aws)


@pytest.fixture(scope="module")
def here(account: Account) -> Iterator[Deployment]:
    with SlackSandbox() as slack, TelegramSandbox() as telegram, deployed(account.aws, slack, telegram) as here:
        yield here


def stand(account: Account, name: str, here: Deployment, door: LambdaFunction) -> None:
    """Let a stack stand there that has these functions."""
    account.functions.functions |= {"Captioner": here.inference, "Worker": here.worker, name: door}
    told = {
        "Captioner": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:Captioner:live",
        "Worker": "Worker",
        "SlackDoor": name,
        "SlackUrl": f"{FunctionUrl(door).url}/slack/events",
    }
    account.aws.client("cloudformation", ADMINISTRATOR).create_stack(
        StackName=name,
        TemplateBody=json.dumps(
            {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {key: {"Value": value} for key, value in told.items()},
            }
        ),
    )


def test_all_that_is_deployed_is_tried(account: Account, here: Deployment) -> None:
    stand(account, "well", here, here.slack_door)
    done = account.deploy("smoke", stack="well")
    assert done.returncode == 0, done.stderr
    worker, door, caption, url = done.stdout.splitlines()
    assert (worker, door) == ("Worker starts", "SlackDoor starts")
    assert len(caption.removeprefix("Captioner: ").split()) > 3
    assert url == "SlackUrl: 401 for a delivery that proves nothing"


def test_a_front_door_without_its_secret_says_which_one_to_set(account: Account, here: Deployment) -> None:
    environment = {"INBOX_URL": here.queue, "SLACK_SIGNING_SECRET_PARAMETER": SECRET}
    stand(account, "no-secret", here, account.aws.function("webhooks.aws.slack.handler", environment))
    done = account.deploy("smoke", stack="no-secret")
    assert done.returncode == 1
    assert done.stderr == (
        f"smoke: SlackDoor does not start. SLACK_SIGNING_SECRET_PARAMETER: set {SECRET}, under which there is no text "
        "in this account and region.\n"
    )
    account.aws.ssm.put_parameter(Name=SECRET, Value="a secret", Type="SecureString")
    done = account.deploy("smoke", stack="no-secret")
    assert done.returncode == 0, "nothing is to be deployed again: " + done.stderr


def test_a_door_that_lets_strangers_in_is_no_success(account: Account, here: Deployment) -> None:
    # Whatever answers there, it is no front door.
    stand(account, "open", here, here.inference)
    done = account.deploy("smoke", stack="open")
    assert done.returncode == 1
    assert done.stderr == "smoke: SlackUrl must answer that with 401; its log says what went wrong\n"
