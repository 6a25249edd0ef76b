"""`captionbot doctor`, run in a terminal against a world in which one thing after the other is wrong."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from bot.doctor.examination import examine
from bot.doctor.finding import Check, Finding, ok, wrong
from tests.bot.conftest import KEY
from tests.bot.terminal import ROOT, terminal
from tests.sandbox.endpoint import CaptionEndpoint, Failure
from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackSandbox
from tests.sandbox.slack_faults import Status as SlackStatus
from tests.sandbox.telegram import WEBHOOK_SECRET, TelegramSandbox
from tests.sandbox.telegram_faults import Fault
from tests.sandbox.telegram_world import TOKEN
from webhooks.inbox import Event
from webhooks.mailbox import Mailbox

SECRETS = (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, TOKEN, WEBHOOK_SECRET, KEY)
STAND_IN = "http://127.0.0.1:9"  # a port on which nobody listens


@dataclass
class Machine:
    """A machine on which the bot is set up well; `doctor` looks at it."""

    folder: Path
    environment: dict[str, str]
    slack: SlackSandbox
    telegram: TelegramSandbox
    endpoint: CaptionEndpoint

    def doctor(self) -> tuple[int, str]:
        with terminal(self.folder, self.environment, "doctor") as person:
            status = person.end()
            assert not [secret for secret in SECRETS if secret in person.screen]
            return status, person.screen

    def json(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """The findings by their subjects."""
        with terminal(self.folder, self.environment, "doctor", "--json") as person:
            status = person.end()
            report = json.loads(person.screen)
        assert report["ok"] is (status == 0)
        return status, {finding["subject"]: finding for finding in report["findings"]}

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.environment["INBOX_URL"])


@pytest.fixture
def machine(tmp_path: Path, slack: SlackSandbox, sandbox: TelegramSandbox, endpoint: CaptionEndpoint) -> Machine:
    sandbox.set_webhook(f"{STAND_IN}/telegram/webhook")
    environment = {
        **slack.environment,
        **sandbox.environment,
        "INFERENCE_URL": endpoint.url,
        "INFERENCE_API_KEY": KEY,
        "INBOX_URL": f"sqlite:///{tmp_path / 'inbox.sqlite'}",
    }
    return Machine(tmp_path, environment, slack, sandbox, endpoint)


def event(number: int = 1) -> Event:
    return Event(f"slack-Ev{number}", "slack", "C0GENERAL", None, {"event": {"text": "a private matter"}})


# --- well ------------------------------------------------------------------------------------------------------------


def test_where_all_is_well_each_line_is_ok_and_the_status_is_0(machine: Machine) -> None:
    status, screen = machine.doctor()
    assert status == 0, screen
    assert "All is well." in screen
    assert "captionbot in the workspace Sandbox" in screen
    assert "@captions_sandbox_bot" in screen
    assert "a photo like" in screen  # the caption of the sample
    assert "wrong" not in screen


def test_json_tells_the_same_to_a_program(machine: Machine) -> None:
    status, findings = machine.json()
    assert status == 0
    assert findings["bot token"] == {
        "area": "Slack",
        "status": "ok",
        "subject": "bot token",
        "text": "captionbot in the workspace Sandbox",
        "remedy": "",
    }
    assert {finding["area"] for finding in findings.values()} == {
        *("Settings", "Machine", "Model", "Endpoint", "Slack", "Telegram", "Inbox", "Clock"),
    }


def test_a_platform_that_nobody_set_up_is_no_failure(machine: Machine) -> None:
    machine.environment = {
        name: value for name, value in machine.environment.items() if not name.startswith(("SLACK_", "TELEGRAM_"))
    }
    status, screen = machine.doctor()
    assert status == 0, screen
    assert screen.count("not set up") == 3  # Slack, Telegram, and no clock to compare with
    assert "captionbot init" in screen


def test_looking_leaves_no_trace(machine: Machine) -> None:
    machine.doctor()
    assert not list(machine.folder.iterdir())
    assert not machine.slack.socket.opened
    assert not machine.slack.posted


# --- settings --------------------------------------------------------------------------------------------------------


def test_a_malformed_setting_is_named_without_its_value(machine: Machine) -> None:
    machine.environment["PHOTOS_PER_MINUTE"] = "xoxb-pasted-in-the-wrong-line"
    status, screen = machine.doctor()
    assert status == 1
    assert "PHOTOS_PER_MINUTE" in screen
    assert "xoxb" not in screen


def test_an_env_file_that_others_can_read_and_a_misspelt_name_in_it_are_told(machine: Machine) -> None:
    file = machine.folder / ".env"
    file.write_text("SLACK_BOT_TOKN=x\nMY_OWN_THING=1\n")
    file.chmod(0o644)
    status, screen = machine.doctor()
    assert status == 0
    assert "chmod 600 .env" in screen
    assert "If you meant SLACK_BOT_TOKEN, rename it" in screen
    assert "MY_OWN_THING" not in screen


def test_an_env_file_that_is_no_text_is_told_once(machine: Machine) -> None:
    (machine.folder / ".env").write_bytes(b"SLACK_BOT_TOKEN=xoxb-\xff\xfe")
    status, screen = machine.doctor()
    assert status == 1
    assert screen.count("not UTF-8 text") == 1
    assert "One thing is wrong" in screen


# --- the model and the endpoint --------------------------------------------------------------------------------------


def test_a_model_folder_that_is_no_model_is_told(machine: Machine) -> None:
    machine.environment["CAPTION_MODEL"] = str(machine.folder)
    status, findings = machine.json()
    assert status == 1
    assert "CAPTION_MODEL=starter" in findings["model"]["remedy"]


def test_an_altered_model_file_is_told(machine: Machine) -> None:
    from inference.captioner import STARTER

    folder = machine.folder / "model"
    folder.mkdir()
    for file in STARTER.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "decoder.onnx").open("r+b") as decoder:
        decoder.seek(1000)
        decoder.write(b"\0\1\2\3")
    machine.environment["CAPTION_MODEL"] = str(folder)
    status, findings = machine.json()
    assert status == 1
    assert "decoder.onnx is truncated or altered" in findings["model"]["text"]


def test_an_endpoint_that_is_down_has_a_command_that_starts_it(machine: Machine) -> None:
    machine.environment["INFERENCE_URL"] = STAND_IN
    status, findings = machine.json()
    assert status == 1
    assert f"{STAND_IN} cannot be reached" in findings["ping"]["text"]
    assert "captionbot serve" in findings["ping"]["remedy"]
    assert findings["bot token"]["status"] == "ok"


def test_another_program_at_the_endpoints_address_is_told_apart(machine: Machine) -> None:
    machine.environment["INFERENCE_URL"] = machine.slack.files_url
    _, findings = machine.json()
    assert "not as captionbot's endpoint does" in findings["ping"]["text"]


def test_an_address_that_is_none_is_told(machine: Machine) -> None:
    machine.environment["INFERENCE_URL"] = "http://[oops"
    status, findings = machine.json()
    assert status == 1
    assert "INFERENCE_URL is no URL" in findings["ping"]["text"]


def test_an_endpoint_that_does_not_let_this_role_in_is_told_with_the_permissions(machine: Machine) -> None:
    machine.endpoint.forbidden = True
    status, findings = machine.json()
    assert status == 1
    assert "lambda:InvokeFunctionUrl" in findings["ping"]["remedy"]


def test_calls_that_cannot_be_signed_are_told(machine: Machine) -> None:
    machine.environment |= {"INFERENCE_AUTH": "iam", "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"}
    machine.environment["HOME"] = str(machine.folder)  # where no AWS profile is
    status, findings = machine.json()
    assert status == 1
    assert "have to be signed" in findings["endpoint"]["text"]


def test_an_endpoint_that_wants_another_key_is_told(machine: Machine) -> None:
    machine.endpoint.failures.append(Failure(401, "unauthorized"))
    status, findings = machine.json()
    assert status == 1
    assert "INFERENCE_API_KEY" in findings["caption"]["remedy"]


# --- Slack -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "subject", "sentence"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-0123456789-of-somebody-else", "bot token", "(invalid_auth)"),
        ("SLACK_BOT_TOKEN", APP_TOKEN, "bot token", "that is SLACK_APP_TOKEN"),
        ("SLACK_BOT_TOKEN", "", "bot token", "is not set"),
        ("SLACK_APP_TOKEN", "xapp-0123456789-of-somebody-else", "app token", "(invalid_auth)"),
        ("SLACK_SIGNING_SECRET", "a password", "signing secret", "32 letters and digits"),
        ("SLACK_API_URL", f"{STAND_IN}/api/", "bot token", "cannot be reached"),
    ],
)
def test_a_wrong_slack_setting_is_told(machine: Machine, name: str, value: str, subject: str, sentence: str) -> None:
    machine.environment[name] = value
    status, findings = machine.json()
    assert status == 1
    assert sentence in findings[subject]["text"]
    assert findings[subject]["remedy"]
    assert findings["token"]["status"] == "ok"  # Telegram's


def test_a_missing_scope_is_named(machine: Machine) -> None:
    machine.slack.credentials.scopes -= {"files:read", "im:history"}
    status, findings = machine.json()
    assert status == 1
    assert findings["scopes"]["text"] == "missing: files:read, im:history"
    assert "reinstall" in findings["scopes"]["remedy"]


def test_a_bot_that_its_own_allow_list_shuts_out_is_told(machine: Machine) -> None:
    machine.environment["ALLOWED_SLACK_TEAMS"] = "T0ANOTHER"
    status, findings = machine.json()
    assert status == 1
    assert "Add T0SANDBOX to it" in findings["bot token"]["remedy"]


def test_a_bot_that_events_have_no_way_to_is_told(machine: Machine) -> None:
    del machine.environment["SLACK_APP_TOKEN"], machine.environment["SLACK_SIGNING_SECRET"]
    status, findings = machine.json()
    assert status == 1
    assert "no event can come" in findings["events"]["text"]


def test_a_slack_that_is_busy_is_no_failure_of_the_bots(machine: Machine) -> None:
    machine.slack.faults.add("auth.test", SlackStatus(429, retry_after=1))
    status, findings = machine.json()
    assert status == 0
    assert findings["bot token"]["status"] == "note"


# --- Telegram --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TELEGRAM_BOT_TOKEN", TOKEN.replace("AAH", "BBH"), "Telegram does not know TELEGRAM_BOT_TOKEN"),
        ("TELEGRAM_BOT_TOKEN", "123456789", "does not look like"),
        ("TELEGRAM_BOT_TOKEN", "", "is not set"),
        ("TELEGRAM_API_URL", STAND_IN, "cannot be reached"),
    ],
)
def test_a_wrong_telegram_setting_is_told(machine: Machine, name: str, value: str, sentence: str) -> None:
    machine.environment[name] = value
    status, findings = machine.json()
    assert status == 1
    assert sentence in findings["token"]["text"]


def test_a_webhook_that_telegram_cannot_reach_is_told_with_telegrams_own_words(machine: Machine) -> None:
    machine.telegram.say(machine.telegram.private(), "hello")
    machine.telegram.wait_until(lambda: machine.telegram.webhook.last_error)
    status, findings = machine.json()
    assert status == 1
    assert "1 updates wait" in findings["webhook"]["text"]
    assert "Webhook connection closed" in findings["last error"]["text"]
    assert "captionbot webhooks" in findings["last error"]["remedy"]


def test_a_webhook_that_refuses_the_secret_is_told_apart(machine: Machine) -> None:
    machine.endpoint.failures += [Failure(401, "unauthorized")] * 1000  # a server that refuses everything
    machine.telegram.set_webhook(f"{machine.endpoint.url}/caption")
    machine.telegram.say(machine.telegram.private(), "hello")
    machine.telegram.wait_until(lambda: machine.telegram.webhook.last_error)
    _, findings = machine.json()
    assert "The secrets differ" in findings["last error"]["remedy"]


def test_an_error_that_has_passed_is_only_noted(machine: Machine) -> None:
    webhook = machine.telegram.webhook
    webhook.last_error, webhook.last_error_date = "Connection timed out", int(time.time()) - 7200
    status, findings = machine.json()
    assert status == 0
    assert findings["last error"]["text"].startswith("2 hours ago: Connection timed out")


def test_a_webhook_without_its_secret_is_told(machine: Machine) -> None:
    del machine.environment["TELEGRAM_WEBHOOK_SECRET"]
    status, findings = machine.json()
    assert status == 1
    assert "captionbot telegram set-webhook" in findings["webhook"]["remedy"]


def test_updates_that_nobody_asked_for_are_named(machine: Machine) -> None:
    machine.telegram.world.allowed_updates = ["message"]
    status, findings = machine.json()
    assert status == 1
    assert "channel_post, my_chat_member" in findings["updates"]["text"]


def test_privacy_mode_is_noted_unless_it_is_meant(machine: Machine) -> None:
    machine.telegram.world.reads_all_group_messages = False
    status, findings = machine.json()
    assert status == 0
    assert "/setprivacy" in findings["groups"]["remedy"]
    machine.environment["REPLY_IN_GROUPS"] = "mentioned"
    assert machine.json()[1]["groups"]["status"] == "ok"


def test_a_telegram_that_breaks_off_is_a_line(machine: Machine) -> None:
    machine.telegram.faults.add(Fault("getWebhookInfo", reset=True))
    status, findings = machine.json()
    assert status == 1
    assert findings["token"]["status"] == "ok"
    assert findings["webhook"]["status"] == "wrong"


# --- the inbox and the clock -----------------------------------------------------------------------------------------


async def test_what_waits_and_for_how_long_is_told(machine: Machine) -> None:
    await machine.mailbox.put(event())
    status, findings = machine.json()
    assert status == 0
    assert findings["inbox"]["text"].startswith("1 waiting, the oldest came ")
    assert findings["Slack events"]["text"].startswith("the latest came ")
    assert findings["Telegram events"]["status"] == "note"


async def test_photos_that_have_waited_long_are_a_failure(machine: Machine) -> None:
    mailbox = machine.mailbox
    await mailbox.put(event())
    mailbox._database.run("UPDATE letters SET arrived = arrived - 4000")
    status, findings = machine.json()
    assert status == 1
    assert "the oldest came 1 hour ago" in findings["inbox"]["text"]
    assert "captionbot run" in findings["inbox"]["remedy"]


async def test_dead_letters_are_counted_with_their_latest_reason(machine: Machine) -> None:
    mailbox = machine.mailbox
    for number in (1, 2):
        await mailbox.put(event(number))
        mailbox.bury(f"slack-Ev{number}", f"the endpoint failed: {501 + number}")
    status, findings = machine.json()
    assert status == 1
    assert findings["dead letters"]["text"].startswith("2; ")
    assert "the endpoint failed: 503" in findings["dead letters"]["text"]
    assert "captionbot inbox retry --all" in findings["dead letters"]["remedy"]
    assert findings["inbox"]["text"] == "nothing waits"


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/inbox.sqlite", "postgresql://bot:hush@127.0.0.1:9/inbox"])
def test_an_inbox_that_cannot_be_is_told_without_its_password(machine: Machine, url: str) -> None:
    machine.environment["INBOX_URL"] = url
    status, screen = machine.doctor()
    assert status == 1
    assert "Check INBOX_URL" in screen
    assert "hush" not in screen


def test_a_clock_that_is_wrong_by_more_than_signatures_last_is_a_failure(machine: Machine) -> None:
    machine.slack.clock = -1000
    status, findings = machine.json()
    assert status == 1
    assert "ahead of" in findings["clock"]["text"]
    assert "timedatectl" in findings["clock"]["remedy"]


def test_a_clock_that_is_wrong_by_a_little_is_noted(machine: Machine) -> None:
    machine.slack.clock = 100
    status, findings = machine.json()
    assert status == 0
    assert findings["clock"]["status"] == "note"
    assert "behind" in findings["clock"]["text"]


@pytest.fixture
def queues(machine: Machine) -> Iterator[tuple[Any, str]]:
    """A client of an SQS that lives here, and the URL of the dead-letter queue behind the machine's inbox."""
    server = ThreadedMotoServer(port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    account = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    sqs = boto3.client("sqs", endpoint_url=address, **account)
    dead = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    inbox = sqs.create_queue(QueueName="inbox", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    machine.environment |= {name.upper(): value for name, value in account.items() if name.startswith("aws")}
    machine.environment |= {"INBOX_URL": inbox, "AWS_REGION": "eu-central-1"}
    try:
        yield sqs, dead
    finally:
        sqs.close()
        server.stop()


def test_a_queue_on_aws_is_counted_with_its_dead_letters(machine: Machine, queues: tuple[Any, str]) -> None:
    sqs, dead = queues
    sqs.send_message(QueueUrl=machine.environment["INBOX_URL"], MessageBody="{}")
    status, findings = machine.json()
    assert status == 0
    assert findings["inbox"]["text"] == "1 waiting, 0 in work"
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    status, findings = machine.json()
    assert status == 1
    assert findings["dead letters"]["text"] == "1 in failed"


def test_a_queue_that_is_not_there_is_told(machine: Machine, queues: tuple[Any, str]) -> None:
    machine.environment["INBOX_URL"] += "-of-somebody-else"
    status, findings = machine.json()
    assert status == 1
    assert "sqs:GetQueueAttributes" in findings["inbox"]["remedy"]


# --- checks that fail themselves -------------------------------------------------------------------------------------


def test_a_server_that_answers_with_nonsense_is_a_line_and_the_rest_goes_on(machine: Machine) -> None:
    machine.telegram.faults.add(Fault("getMe", result=["not", "a", "bot"]))
    status, findings = machine.json()
    assert status == 1
    assert "TypeError" in findings["Telegram"]["text"]
    assert findings["bot token"]["status"] == "ok"


def test_a_missing_package_costs_only_the_checks_that_need_it(machine: Machine) -> None:
    (machine.folder / "httpx.py").write_text("raise ModuleNotFoundError('no httpx', name='httpx')")
    machine.environment["PYTHONPATH"] = f"{machine.folder}:{ROOT}"
    status, findings = machine.json()
    assert status == 1
    assert findings["Slack"]["text"] == "the package httpx is missing"
    assert "pip install" in findings["Slack"]["remedy"]
    assert findings["model"]["status"] == findings["inbox"]["status"] == "ok"


def test_a_disk_that_never_answers_holds_up_neither_the_report_nor_the_end() -> None:
    story = """
import asyncio, time
from bot.doctor.examination import examine, in_thread
from bot.doctor.finding import Check
check = Check("Model", "model", lambda: in_thread(lambda: time.sleep(3600)), seconds=0.1)
print(asyncio.run(examine([check]))[0][1].text)
"""
    done = subprocess.run([sys.executable, "-c", story], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "no answer within 0.1 seconds\n"


async def test_checks_that_hang_or_miss_a_package_hold_up_nobody() -> None:
    async def hang() -> list[Finding]:
        await asyncio.sleep(3600)
        return []

    async def need() -> list[Finding]:
        import no_such_package  # type: ignore[import-not-found]  # noqa: F401

        return []

    async def be_well() -> list[Finding]:
        return [ok("water", "wet")]

    checks = [Check("A", "a", hang, seconds=0.01), Check("B", "b", need), Check("C", "c", be_well)]
    hung, missing, well = await examine(checks)
    assert hung == ("A", wrong("a", "no answer within 0.01 seconds", hung[1].remedy))
    assert "no_such_package is missing" in missing[1].text
    assert well == ("C", ok("water", "wet"))
