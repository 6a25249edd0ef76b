"""What people live through with the bot on AWS when a worker dies, times out or fails, and what operators read then."""

import json
import sys
import time

import pytest

from bot import messages
from tests.bot.conftest import make_photo
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.endpoint import CaptionEndpoint, Failure, sentence_of
from tests.sandbox.lambda_instance import FunctionError
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_faults import Slow, Status
from tests.sandbox.telegram import TelegramSandbox
from tests.webhooks.aws.deployment import GENERAL, deployed
from tests.webhooks.local.test_one_answer import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")


def test_a_worker_killed_halfway_leaves_one_reply(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=8, concurrency=1) as here:
        endpoint.pause = 60
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: endpoint.seen)
        here.worker.kill()
        endpoint.pause = 0
        wait_until(lambda: here.mapping.errors)
        here.mapping.time_flies()
        wait_until(lambda: here.texts(sent))
        wait_until(here.idle)
        assert here.texts(sent) == [sentence_of(endpoint.seen[-1].image)]
        assert [error.kind for error in here.mapping.errors] == ["Runtime.ExitError"]


def test_a_worker_that_runs_out_of_time_hands_the_photo_in_again(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=8, concurrency=1) as here:
        endpoint.pause = 60
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: len(endpoint.seen) > 1)
        endpoint.pause = 0
        wait_until(lambda: here.texts(sent))
        wait_until(here.idle)
        assert here.texts(sent) == [sentence_of(endpoint.seen[-1].image)]
        assert here.mapping.errors == []


def test_a_photo_that_keeps_failing_gets_one_apology_and_becomes_a_dead_letter(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=20, concurrency=1, ATTEMPTS="2") as here:
        endpoint.failures = [Failure(500)] * 100
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(here.dead)
        [dead] = here.dead()
        assert json.loads(dead)["Event"]["id"] == f"slack-{sent.payload['event_id']}"
        assert here.texts(sent) == [messages.APOLOGY]
        assert len(endpoint.seen) == 2


def test_a_last_attempt_that_used_its_time_up_is_followed_by_an_apology(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=8, concurrency=1, ATTEMPTS="1") as here:
        here.slack.faults.add("files", Slow(1, 16))
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(here.dead)
        assert here.texts(sent) == [messages.APOLOGY]
        assert [r.verb for r in here.slack.workspace.reactions if r.ts == sent.ts] == ["add", "remove"]
        assert endpoint.seen == []


def test_a_photo_that_has_to_be_tried_again_lets_the_next_one_pass(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=8, concurrency=1) as here:
        here.slack.faults.add("files", Slow(1, 16))
        first = here.slack.upload(GENERAL, [make_photo()])
        here.slack.settle()
        second = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: here.texts(first) and here.texts(second))
        [earlier], [later] = here.slack.replies(second), here.slack.replies(first)
        assert float(earlier.ts) < float(later.ts)


def test_a_photo_that_kills_the_worker_each_time_gets_one_apology_and_becomes_a_dead_letter(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=6, concurrency=1, ATTEMPTS="1") as here:
        endpoint.pause = 60
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: endpoint.seen)
        here.worker.kill()
        wait_until(lambda: here.mapping.errors)
        time.sleep(here.worker.timeout)  # until then the dead worker's claim stands
        here.mapping.time_flies()
        wait_until(here.dead)
        assert here.texts(sent) == [messages.APOLOGY]
        assert len(endpoint.seen) == 1


def test_whoever_is_told_to_wait_keeps_no_worker(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=20, concurrency=1) as here:
        # The first photo waits for the imports.
        first = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: here.texts(first))
        here.slack.faults.add("chat.postMessage", Status(429, retry_after=30))
        start = time.monotonic()
        flooded = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: len(endpoint.seen) == 2)
        chat = here.telegram.private()
        here.telegram.send_photo(chat, make_photo())
        wait_until(lambda: here.telegram.sent(chat))
        assert not here.texts(flooded)
        wait_until(lambda: here.texts(flooded))
        assert time.monotonic() - start >= 30
        wait_until(here.idle)
        assert len(here.texts(flooded)) == 1


def test_what_is_no_message_of_ours_becomes_a_dead_letter_and_nobody_else_waits_for_it(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=20, concurrency=1, ATTEMPTS="1") as here:
        for body in ("nonsense", "[]", '{"Event": {}}', '{"Other": {}}'):
            aws.sqs.send_message(QueueUrl=here.queue, MessageBody=body)
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: here.texts(sent))
        wait_until(lambda: len(here.dead()) == 4)
        assert len(here.texts(sent)) == 1


def test_a_secret_that_is_not_there_is_named_in_the_init(aws: AwsSandbox) -> None:
    for handler, setting in (
        ("webhooks.aws.slack.handler", "SLACK_SIGNING_SECRET_PARAMETER"),
        ("webhooks.aws.telegram.handler", "TELEGRAM_WEBHOOK_SECRET_SECRET"),
        ("webhooks.aws.worker.handler", "SLACK_BOT_TOKEN_PARAMETER"),
    ):
        function = aws.function(handler, {"INBOX_URL": f"{aws.url}/queue", setting: "/nowhere"})
        with pytest.raises(FunctionError) as error:
            function.call({"warm": True})
        assert error.value.kind == "SettingsError"
        assert setting in error.value.message
