"""The alarms: each goes off when people miss something, and by itself at no other time."""

import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.bot.conftest import make_photo
from tests.docker.alarms import STACK, embedded, state
from tests.ports import free_port
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.lambda_url import FunctionUrl
from tests.sandbox.slack import SlackSandbox
from tests.webhooks.local.test_one_answer import wait_until
from webhooks.aws.queue_messages import write
from webhooks.inbox import Event

lambda_runtime = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")

GENERAL = "C0GENERAL"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsSandbox]:
    with AwsSandbox(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@lambda_runtime
def test_one_photo_that_fails_for_minutes_is_told(aws: AwsSandbox) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    environment = {"INBOX_URL": f"{aws.url}/queue", "SLACK_BOT_TOKEN": "xoxb-1-1-token", "SLACK_API_URL": nobody}
    worker = aws.function("webhooks.aws.worker.handler", {**environment, "INFERENCE_URL": nobody}, timeout=8)
    with SlackSandbox() as slack:
        sent = slack.upload(GENERAL, [make_photo()])
    body = write(Event("slack-Ev1", "slack", GENERAL, None, sent.payload))

    def tried(attempt: int, seconds: float) -> str:
        # SQS itself forgets the age of what was received more than three times.
        attributes = {
            "ApproximateReceiveCount": str(attempt),
            "SentTimestamp": str(int((time.time() - seconds) * 1000)),
        }
        record = {"messageId": "1", "receiptHandle": "handle", "body": body, "attributes": attributes}
        assert worker.call({"Records": [record]}) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
        return state("OldestPhotoAlarm", embedded(aws.log.read_text()))

    assert tried(1, 0) == "OK"
    assert tried(4, 240) == "ALARM"


def test_photos_that_no_worker_takes_are_told() -> None:
    assert state("OldestPhotoAlarm", {("AWS/SQS", "ApproximateAgeOfOldestMessage", "Inbox"): [[20], [240]]}) == "ALARM"
    assert state("OldestPhotoAlarm", {("AWS/SQS", "ApproximateAgeOfOldestMessage", "Inbox"): [[240], [20]]}) == "OK"
    assert state("OldestPhotoAlarm", {(STACK, "Queue", ""): [[0.4, 2.3]]}) == "OK"


@lambda_runtime
def test_a_door_that_cannot_reach_the_inbox_is_told(aws: AwsSandbox) -> None:
    with SlackSandbox() as slack:
        secret = {"SLACK_SIGNING_SECRET": slack.environment["SLACK_SIGNING_SECRET"]}
        door = aws.function(
            "webhooks.aws.slack.handler", {"INBOX_URL": f"http://127.0.0.1:{free_port()}/queue", **secret}
        )
        door.call({"warm": True})
        slack.sender.url = FunctionUrl(door).url
        assert (STACK, "NotReceived", "") not in embedded(aws.log.read_text())
        slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: (STACK, "NotReceived", "") in embedded(aws.log.read_text()))
        door.kill()
    assert state("DoorAlarm", embedded(aws.log.read_text())) == "ALARM"


@lambda_runtime
def test_a_door_that_gets_no_instance_is_told_and_a_stranger_is_not(aws: AwsSandbox) -> None:
    door = aws.function("webhooks.aws.slack.handler", {"SLACK_SIGNING_SECRET": "secret", "INBOX_URL": f"{aws.url}/q"})
    url = FunctionUrl(door)
    assert httpx.post(url.url, json={}, timeout=60).status_code == 401
    throttles = ("AWS/Lambda", "Throttles", "SlackDoor")
    assert state("DoorAlarm", {throttles: [[url.throttled]]}) == "OK"
    door.concurrency = 0
    assert httpx.post(url.url, json={}, timeout=60).status_code == 429
    assert state("DoorAlarm", {throttles: [[url.throttled]]}) == "ALARM"


def test_slow_captions_are_told_and_slow_pings_are_not() -> None:
    # A ping lasts for as long as the model loads.
    pings = {("AWS/Lambda", "Duration", "Captioner"): [[9000.0] * 10] * 3}
    assert state("SlowCaptionAlarm", pings | {(STACK, "Inference", ""): [[0.3] * 10] * 3}) == "OK"
    assert state("SlowCaptionAlarm", pings | {(STACK, "Inference", ""): [[0.3], [0.3], [6.0]]}) == "OK"
    assert state("SlowCaptionAlarm", pings | {(STACK, "Inference", ""): [[6.0], [0.3], [6.0]]}) == "ALARM"


def test_a_dead_letter_and_an_error_are_told() -> None:
    letters = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetters")
    assert state("DeadLetterAlarm", {letters: [[0]]}) == "OK"
    assert state("DeadLetterAlarm", {letters: [[1]]}) == "ALARM"
    for function in ("Captioner", "Worker", "SlackDoor", "TelegramDoor"):
        assert state("ErrorAlarm", {("AWS/Lambda", "Errors", function): [[0, 1]]}) == "ALARM"
    assert state("ErrorAlarm", {("AWS/Lambda", "Errors", "Worker"): [[0, 0]]}) == "OK"
