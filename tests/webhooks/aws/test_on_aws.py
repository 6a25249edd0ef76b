"""What people live through with the bot on AWS: every handler in its own process, as Lambda runs it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bot.conftest import make_photo
from tests.sandbox.aws import NAMESPACE, AwsSandbox
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_world import Json
from tests.webhooks.aws.deployment import GENERAL, Deployment, deployed
from tests.webhooks.local.test_one_answer import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")

CAT = Path(__file__).parents[3] / "common" / "samples" / "cat.jpg"


@pytest.fixture(scope="module")
def here(aws: AwsSandbox, places: tuple[SlackSandbox, TelegramSandbox]) -> Iterator[Deployment]:
    with deployed(aws, *places, CAPTION_TIMEOUT="40") as here:
        yield here


def test_a_photo_in_slack_gets_its_caption_in_the_thread(here: Deployment) -> None:
    sent = here.slack.upload(GENERAL, [CAT.read_bytes()])
    wait_until(lambda: here.texts(sent))
    wait_until(here.idle)
    [text] = here.texts(sent)
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
    wait_until(here.idle)
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
    wait_until(here.idle)
    first, second = here.telegram.sent(chat)
    assert len(first.text.splitlines()) == 2
    assert second.reply_to == late["message_id"]
    assert len(second.text.splitlines()) == 1


def test_a_delivery_that_comes_again_is_answered_once(here: Deployment) -> None:
    sent = here.slack.upload(GENERAL, [make_photo()])
    here.slack.settle()
    here.slack.deliver(sent.payload)
    wait_until(lambda: here.texts(sent))
    here.slack.settle()
    here.slack.deliver(sent.payload)
    here.slack.settle()
    wait_until(here.idle)
    assert len(here.texts(sent)) == 1


def test_a_captioning_function_that_is_throttled_is_waited_for(here: Deployment) -> None:
    here.inference.concurrency = 0
    throttled = here.inference_url.throttled
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: here.inference_url.throttled > throttled + 2)
    assert not here.texts(sent)
    here.inference.concurrency = 2
    wait_until(lambda: here.texts(sent))
    wait_until(here.idle)
    assert len(here.texts(sent)) == 1


def test_an_event_without_a_signature_is_refused(here: Deployment) -> None:
    for door in (here.slack.sender.url, here.telegram.webhook.url):
        assert httpx.post(door or "", json={"type": "event_callback"}).status_code == 401
        assert httpx.get(door or "").status_code == 405
        assert httpx.post(door or "", content=b"x" * 1_000_001).status_code == 413
    assert here.idle()


def test_a_call_of_the_captioning_function_without_a_signature_is_refused(here: Deployment) -> None:
    begun = here.inference_url.refused
    assert httpx.post(f"{here.inference_url.url}/caption", content=make_photo()).status_code == 403
    assert here.inference_url.refused == begun + 1
