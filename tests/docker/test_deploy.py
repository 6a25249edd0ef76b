"""docker/deploy.py, with the AWS command line and sam as they are, in an account that is empty at first."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.docker.account import DEPLOYER, Account, image, parameters
from tests.docker.templates import DEPLOY_ROLE, TEMPLATE, granted, of_type, resources
from tests.docker.templates import parameters as template_parameters
from tests.ports import free_port
from tests.sandbox.aws import AwsSandbox

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux"),
    pytest.mark.timeout(1500),
]

# One with a "-", as the names of stacks may have.
STACK = "photo-bot"
NO_IMAGE = f"sha256:{'0' * 64}"

# docker push, and the pull of what is tried out before it is deployed:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PUSHING = {
    "ecr:GetAuthorizationToken",
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
    *("ecr:PutImage", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
}
# Nobody calls it: AWS asks for it where CloudFormation is given a role.
PASSING = {"iam:PassRole"}

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with AwsSandbox(tmp_path_factory.mktemp("account"), cloudformation=True) as aws:
        yield Account(aws)


class Life:
    """What a stack lives through: how each command ended, and the stack after it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        account.prepare(STACK)
        self.first = [account.push(f"{STACK}/{part}", f"{part}-1") for part in ("inference", "webhooks")]
        self.second = [account.push(f"{STACK}/{part}", f"{part}-2") for part in ("inference", "webhooks")]
        nowhere = [image(f"{STACK}/inference", NO_IMAGE), self.first[1]]
        self.failed, self.dead = self._images(nowhere)
        self.created, self.new = self._images(
            self.first, "CaptionerMemory=3008 CaptionPrompt='a photograph of' Telegram=off"
        )
        self.remembered = account.deploy("remember", stack=STACK)
        (account.aws.folder / "before.json").write_text(self.remembered.stdout)
        self.taken_out, self.usual = self._images(self.second)
        account.functions.versions, account.functions.live = ["$LATEST", "1", "2"], "2"
        self.back = account.deploy("back", "before.json", stack=STACK)
        self.good = account.stack(STACK)
        self.moved_to = account.functions.live
        self.tidied = account.deploy("tidy", stack=STACK)
        # There are no processes behind these functions: tests/docker/test_smoke.py has some.
        account.deploy("smoke", stack=STACK)

    def _images(self, images: list[str], words: str = "") -> tuple[Done, dict[str, Any]]:
        done = self.account.deploy("images", *images, stack=STACK, PARAMETERS=words)
        return done, self.account.stack(STACK)


@pytest.fixture(scope="module")
def life(account: Account) -> Life:
    return Life(account)


def test_a_creation_that_failed_is_explained_deleted_and_done_again(life: Life) -> None:
    assert life.failed.returncode != 0
    assert life.dead["StackStatus"] == "ROLLBACK_COMPLETE"
    assert life.created.returncode == 0, life.created.stdout + life.created.stderr
    said = life.created.stdout
    assert "could not be created (ROLLBACK_COMPLETE)" in said
    assert NO_IMAGE in said or "does not exist" in said, "what CloudFormation said of it"
    assert life.new["StackStatus"] == "CREATE_COMPLETE"
    told = {output["OutputKey"] for output in life.new["Outputs"]}
    assert told == {"SlackUrl", "SlackDoor", "Captioner", "CaptionerUrl", "Worker", "Inbox", "DeadLetters"}


def test_a_word_taken_out_of_parameters_has_its_default_again(life: Life) -> None:
    found = parameters(life.new)
    assert (found["CaptionerMemory"], found["CaptionPrompt"], found["Telegram"]) == ("3008", "a photograph of", "off")
    known = {name: str(entry["Default"]) for name, entry in template_parameters(TEMPLATE).items() if "Default" in entry}
    for name in set(known) - {"PermissionsBoundary", "Release", "Deployed"}:
        assert parameters(life.usual)[name] == known[name], life.taken_out.stderr


def test_the_way_back_has_everything_as_it_was(life: Life) -> None:
    assert parameters(life.usual)["InferenceImage"] == life.second[0]
    assert life.back.returncode == 0, life.back.stderr
    assert parameters(life.good) == parameters(life.new)
    assert parameters(life.good)["InferenceImage"] == life.first[0]
    remembered = json.loads(life.remembered.stdout)
    # sam wrote it down again.
    before, now = (yaml_parse(text)["Resources"] for text in (remembered["template"], TEMPLATE.read_text()))
    assert {name: entry.get("Properties") for name, entry in before.items()} == {
        name: entry.get("Properties") for name, entry in now.items()
    }
    assert remembered["version"] == life.moved_to == "1", "the captioner is moved back before the rest"


def test_each_deployment_starts_front_doors_and_worker_anew(life: Life) -> None:
    # They read secrets when they start.
    assert parameters(life.new)["Deployed"] < parameters(life.usual)["Deployed"]
    functions = of_type(resources(TEMPLATE), "AWS::Serverless::Function")
    for name in ("SlackDoor", "TelegramDoor", "Worker"):
        assert functions[name]["Description"] == {"Fn::Sub": "deployed ${Deployed}"}


def test_whoever_deploys_may_do_what_that_takes_and_nothing_else(life: Life) -> None:
    called = set(life.account.aws.calls(DEPLOYER)) | life.account.functions.calls
    assert granted(DEPLOY_ROLE, "DeployRole") == called | PUSHING | PASSING


def test_what_runs_is_marked_and_old_versions_go(life: Life) -> None:
    assert life.tidied.returncode == 0, life.tidied.stderr
    assert life.account.functions.versions == ["$LATEST", "1"]
    ecr = life.account.aws.client("ecr")
    for name, running in zip(("inference", "webhooks"), life.first, strict=True):
        found = ecr.describe_images(repositoryName=f"{STACK}/{name}", imageIds=[{"imageTag": "live"}])
        assert [entry["imageDigest"] for entry in found["imageDetails"]] == [running.partition("@")[2]]


def test_there_is_nothing_to_remember_before_the_first_time(account: Account) -> None:
    done = account.deploy("remember", stack="nothing")
    assert (done.returncode, done.stdout) == (0, "null\n")
    Path(account.aws.folder, "nothing.json").write_text(done.stdout)
    done = account.deploy("back", "nothing.json", stack="nothing")
    assert done.returncode == 1
    assert "nothing ran before" in done.stderr


def test_an_error_of_aws_is_not_taken_for_a_stack_that_is_not_there(account: Account) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    done = account.deploy("remember", stack=STACK, AWS_ENDPOINT_URL=nobody, AWS_MAX_ATTEMPTS="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "remember: aws cloudformation describe-stacks: Could not connect" in done.stderr


def test_a_word_that_is_no_parameter_is_refused(account: Account) -> None:
    account.prepare("words")
    here = image("words/inference", NO_IMAGE)
    done = account.deploy("images", here, here, stack="words", PARAMETERS="AlarmAdress=me@example.org Slack=off")
    assert done.returncode == 1
    assert "AlarmAdress cannot be set there. These can: AlarmAddress, CaptionDetail," in done.stderr
    done = account.deploy("images", here, here, stack="words", PARAMETERS="CaptionPrompt='a photograph of")
    assert done.returncode == 1
    assert "PARAMETERS: No closing quotation. Quote what has spaces: CaptionPrompt='a photograph of'" in done.stderr


def test_what_is_missing_is_named(account: Account) -> None:
    done = account.deploy("smoke", stack="nothing", AWS_REGION="")
    assert done.stderr == "smoke: no region is chosen: export AWS_REGION=eu-central-1, or yours\n"
    done = account.deploy("smoke", stack="nothing")
    assert done.stderr == "smoke: nothing runs in a stack nothing here: `docker/deploy.py images` deploys it\n"
    done = account.deploy("images", "a", "b", stack="nothing")
    assert "images: there is no stack nothing-deploy here" in done.stderr
