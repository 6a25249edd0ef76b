"""What people live through with the bot on AWS: every handler in its own process, as Lambda runs it."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot import messages
from tests.bot.conftest import make_photo
from tests.sandbox.aws import NAMESPACE, AwsSandbox
from tests.sandbox.endpoint import CaptionEndpoint, Failure, sentence_of
from tests.sandbox.lambda_instance import FunctionError
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_faults import Slow, Status
from tests.sandbox.slack_person import Sent
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_world import Json
from tests.webhooks.aws.deployment import Deployment, deployed
from tests.webhooks.local.test_one_answer import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")

GENERAL = "C0GENERAL"
CAT = Path(__file__).parents[3] / "common" / "samples" / "cat.jpg"


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[SlackSandbox, TelegramSandbox]]:
    with SlackSandbox() as slack, TelegramSandbox() as telegram:
        yield slack, telegram


@pytest.fixture(scope="module")
def here(aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox]) -> Iterator[Deployment]:
    with deployed(aws, *places, CAPTION_TIMEOUT="40") as here:
        yield here


def texts(here: Deployment, sent: Sent) -> list[str]:
    return [posted.text for posted in here.slack.replies(sent)]


def idle(here: Deployment) -> bool:
    """Whether every message has been answered, and the instances lie frozen."""
    return here.waiting() == 0


def test_a_photo_in_slack_gets_its_caption_in_the_thread(here: Deployment) -> None:
    sent = here.slack.upload(GENERAL, [CAT.read_bytes()])
    wait_until(lambda: texts(here, sent))
    wait_until(lambda: idle(here))
    [text] = texts(here, sent)
    assert len(text.split()) > 3
    assert here.inference_url.refused == 0
    assert metrics(here) >= {
        ("ColdStarts", "Function"),
        ("Acknowledge", None),
        ("Queue", None),
        ("Download", None),
        ("Encode", None),
        ("Decode", None),
        ("Inference", None),
        ("Captions", "Platform"),
        ("Reply", None),
    }
    assert stages(here, f"slack-{sent.payload['event_id']}") >= {
        ("webhooks.deliveries", "received"),
        ("webhooks.aws.batch", "taken"),
        ("bot.pipeline", "fetched"),
        ("bot.pipeline", "captioned"),
        ("inference.request", "answered"),
        ("webhooks.aws.batch", "answered"),
    }


def stages(here: Deployment, event: str) -> set[tuple[str, str]]:
    """Which lines of the functions' logs, with a number of seconds, are about an event."""
    lines = [json.loads(line) for line in here.aws.log.read_text().splitlines() if line.startswith("{")]
    return {
        (line["logger"], line["message"]) for line in lines if line.get("request_id") == event and "seconds" in line
    }


def metrics(here: Deployment) -> set[tuple[str, str | None]]:
    """What CloudWatch would find in the functions' output: metrics by name, with what they are counted by."""
    found = set()
    for line in here.aws.log.read_text().splitlines():
        # One object to a line, or it is no metric to CloudWatch.
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"] if line.startswith('{"_aws"') else ():
            assert directive["Namespace"] == NAMESPACE
            [[*dimensions]] = directive["Dimensions"]
            found |= {(metric["Name"], dimensions[0] if dimensions else None) for metric in directive["Metrics"]}
    return found


def test_an_album_in_telegram_gets_one_numbered_reply(here: Deployment) -> None:
    chat = here.telegram.private()
    album = here.telegram.send_album(chat, [CAT.read_bytes(), make_photo(), make_photo()], "our holiday")
    here.telegram.settle()
    deliver_again(here, len(album))
    wait_until(lambda: here.telegram.sent(chat))
    deliver_again(here, len(album))
    wait_until(lambda: idle(here))
    [reply] = here.telegram.sent(chat)
    assert reply.reply_to == album[0]["message_id"]
    assert [line[:2] for line in reply.text.splitlines()] == ["1.", "2.", "3."]


def deliver_again(here: Deployment, updates: int) -> None:
    """Let Telegram deliver the latest updates once more, as when an answer was lost."""
    for update in here.telegram.updates[-updates:]:
        accepted, _ = here.telegram.run(here.telegram.webhook.post(update))
        assert accepted


def test_a_photo_that_comes_after_its_album_was_answered_gets_a_reply_of_its_own(here: Deployment) -> None:
    chat = here.telegram.private()
    people = here.telegram.people

    async def place() -> list[Json]:
        return [people.place(chat, content) for content in people.album([people.photo(make_photo()) for _ in range(3)])]

    async def show(*messages: Json) -> None:
        for message in messages:
            people.show(message)

    *early, late = here.telegram.run(place())
    here.telegram.run(show(*early))
    wait_until(lambda: here.telegram.sent(chat))
    here.telegram.run(show(late))
    wait_until(lambda: len(here.telegram.sent(chat)) == 2)
    wait_until(lambda: idle(here))
    first, second = here.telegram.sent(chat)
    assert len(first.text.splitlines()) == 2
    assert second.reply_to == late["message_id"]
    assert len(second.text.splitlines()) == 1


def test_a_delivery_that_comes_again_is_answered_once(here: Deployment) -> None:
    sent = here.slack.upload(GENERAL, [make_photo()])
    here.slack.settle()
    here.slack.deliver(sent.payload)
    wait_until(lambda: texts(here, sent))
    here.slack.settle()
    here.slack.deliver(sent.payload)
    here.slack.settle()
    wait_until(lambda: idle(here))
    assert len(texts(here, sent)) == 1


def test_a_captioning_function_that_is_throttled_is_waited_for(here: Deployment) -> None:
    here.inference.concurrency = 0
    throttled = here.inference_url.throttled
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: here.inference_url.throttled > throttled + 2)
    assert not texts(here, sent)
    here.inference.concurrency = 2
    wait_until(lambda: texts(here, sent))
    wait_until(lambda: idle(here))
    assert len(texts(here, sent)) == 1


def test_an_event_without_a_signature_is_refused(here: Deployment) -> None:
    for door in (here.slack.sender.url, here.telegram.webhook.url):
        assert httpx.post(door or "", json={"type": "event_callback"}).status_code == 401
        assert httpx.get(door or "").status_code == 405
        assert httpx.post(door or "", content=b"x" * 1_000_001).status_code == 413
    assert idle(here)


def test_a_call_of_the_captioning_function_without_a_signature_is_refused(here: Deployment) -> None:
    begun = here.inference_url.refused
    assert httpx.post(f"{here.inference_url.url}/caption", content=make_photo()).status_code == 403
    assert here.inference_url.refused == begun + 1


@pytest.fixture
def endpoint() -> Iterator[CaptionEndpoint]:
    with CaptionEndpoint() as endpoint:
        yield endpoint


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
        wait_until(lambda: texts(here, sent))
        wait_until(lambda: idle(here))
        assert texts(here, sent) == [sentence_of(endpoint.seen[-1].image)]
        assert [error.kind for error in here.mapping.errors] == ["Runtime.ExitError"]


def test_a_worker_that_runs_out_of_time_hands_the_photo_in_again(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=8, concurrency=1) as here:
        endpoint.pause = 60
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: len(endpoint.seen) > 1)
        endpoint.pause = 0
        wait_until(lambda: texts(here, sent))
        wait_until(lambda: idle(here))
        assert texts(here, sent) == [sentence_of(endpoint.seen[-1].image)]
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
        assert texts(here, sent) == [messages.APOLOGY]
        assert len(endpoint.seen) == 2


def test_a_last_attempt_that_used_its_time_up_is_followed_by_an_apology(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=8, concurrency=1, ATTEMPTS="1") as here:
        here.slack.faults.add("files", Slow(1, 16))
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(here.dead)
        assert texts(here, sent) == [messages.APOLOGY]
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
        wait_until(lambda: texts(here, first) and texts(here, second))
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
        assert texts(here, sent) == [messages.APOLOGY]
        assert len(endpoint.seen) == 1


def test_whoever_is_told_to_wait_keeps_no_worker(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=20, concurrency=1) as here:
        # The first photo waits for the imports.
        first = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: texts(here, first))
        here.slack.faults.add("chat.postMessage", Status(429, retry_after=30))
        start = time.monotonic()
        flooded = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: len(endpoint.seen) == 2)
        chat = here.telegram.private()
        here.telegram.send_photo(chat, make_photo())
        wait_until(lambda: here.telegram.sent(chat))
        assert not texts(here, flooded)
        wait_until(lambda: texts(here, flooded))
        assert time.monotonic() - start >= 30
        wait_until(lambda: idle(here))
        assert len(texts(here, flooded)) == 1


def test_what_is_no_message_of_ours_becomes_a_dead_letter_and_nobody_else_waits_for_it(
    aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox], endpoint: CaptionEndpoint
) -> None:
    with deployed(aws, *places, endpoint=endpoint.url, timeout=20, concurrency=1, ATTEMPTS="1") as here:
        for body in ("nonsense", "[]", '{"Event": {}}', '{"Other": {}}'):
            aws.sqs.send_message(QueueUrl=here.queue, MessageBody=body)
        sent = here.slack.upload(GENERAL, [make_photo()])
        wait_until(lambda: texts(here, sent))
        wait_until(lambda: len(here.dead()) == 4)
        assert len(texts(here, sent)) == 1


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
