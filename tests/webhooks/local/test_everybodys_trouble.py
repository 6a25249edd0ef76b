"""Everybody's trouble is their own: whatever hangs, errs or asks for patience, all others are answered within 2 s."""

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import pytest

from bot import messages
from tests.bot.conftest import make_photo
from tests.sandbox.slack_faults import Error, Slow, Status
from tests.sandbox.telegram_faults import Fault
from tests.sandbox.telegram_world import Chat
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import texts, wait_until

SOON = 2.0  # seconds, on a machine that has nothing else to do
MANY = 1_000_000
HANGING = Slow(600, size=1)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.start("webhooks", "--port", str(here.port))
        here.telegram.set_webhook(f"http://127.0.0.1:{here.port}/telegram/webhook")
        # Until the first photo is answered, the frameworks are still being imported.
        answered_in(here, here.telegram.private())
        sent = here.slack.upload("C0FIRST", [make_photo()])
        wait_until(lambda: texts(here, sent))
        yield here


def answered_in(here: Machine, chat: Chat) -> float:
    """Seconds until a photo in Telegram is answered."""
    before, start = len(here.telegram.sent(chat)), time.monotonic()
    here.telegram.send_photo(chat, make_photo())
    wait_until(lambda: len(here.telegram.sent(chat)) > before)
    return time.monotonic() - start


def soon(here: Machine) -> float:
    """How soon an answer should be there, on a machine that may be busy with other things."""
    chat = here.telegram.private("somebody whom nothing troubles")
    return SOON + 3 * max(answered_in(here, chat) for _ in range(3))


def hanging(here: Machine, times: int = MANY) -> None:
    here.slack.faults.add("files", HANGING, times=times)


def failing(here: Machine, times: int = 4000) -> None:
    here.slack.faults.add("chat.postMessage", Status(500), times=times)


def flooded(here: Machine, times: int = 4000) -> None:
    here.slack.faults.add("chat.postMessage", Status(429, retry_after=30), times=times)


@pytest.mark.parametrize(
    ("trouble", "chats"), [(hanging, 8), (hanging, 24), (failing, 16), (flooded, 8)], ids=["8", "24", "16", "8 429"]
)
def test_telegram_does_not_wait_for_slack(here: Machine, trouble: Callable[[Machine, int], None], chats: int) -> None:
    limit = soon(here)
    trouble(here, 4000)
    for number in range(chats):
        here.slack.upload(f"C{number:08}", [make_photo()])
    here.slack.settle()
    chat = here.telegram.private()
    waits = []
    for _ in range(4):
        waits.append(answered_in(here, chat))
        time.sleep(1)
    assert max(waits) < limit


def test_a_conversation_in_slack_does_not_wait_for_eight_whose_files_hang(here: Machine) -> None:
    limit = soon(here)
    hanging(here)
    for number in range(8):
        here.slack.upload(f"C{number:08}", [make_photo()])
    here.slack.settle()
    start = time.monotonic()
    asked = here.slack.dm("hello")
    wait_until(lambda: [post for post in here.slack.posted if post.channel == asked.channel])
    assert time.monotonic() - start < limit


def test_a_flood_in_a_telegram_group_is_that_groups_alone(here: Machine) -> None:
    limit = soon(here)
    group, private = here.telegram.group(), here.telegram.private()
    here.telegram.faults.add(Fault("sendMessage", status=429, retry_after=28))
    start = time.monotonic()
    here.telegram.send_photo(group, make_photo())
    wait_until(lambda: b"too many requests" in here.log.read_bytes())
    assert answered_in(here, private) < limit
    wait_until(lambda: here.telegram.sent(group))
    assert 28 <= time.monotonic() - start < 28 + 6 + limit, "as long as Telegram asked, and hardly longer"
    assert len(here.telegram.sent(group)) == 1


def test_an_album_whose_files_hang_holds_nobody_up(here: Machine) -> None:
    limit = soon(here)
    with here.telegram.faults.lasting(Fault("download", pause=30)):
        for _ in range(3):
            here.telegram.send_album(here.telegram.group(), [make_photo(640, 480) for _ in range(10)])
        time.sleep(2)
        start = time.monotonic()
        sent = here.slack.upload("C0GENERAL", [make_photo()])
        wait_until(lambda: texts(here, sent))
        assert time.monotonic() - start < limit


def test_what_fails_is_tried_later_and_later_and_takes_no_place_meanwhile(here: Machine) -> None:
    here.slack.faults.add("chat.postMessage", Error("internal_error"), times=3)
    start = time.monotonic()
    sent = here.slack.upload("C0GENERAL", [make_photo()])
    wait_until(lambda: texts(here, sent))
    # After 1, 2 and 4 seconds.
    assert 7 <= time.monotonic() - start < 20
    assert len(texts(here, sent)) == 1


def test_an_update_that_nobody_can_read_holds_its_chat_up_for_no_time(here: Machine) -> None:
    limit, chat = soon(here), here.telegram.private()
    here.telegram.send_photo(chat, make_photo())
    here.telegram.settle()
    wait_until(lambda: here.telegram.sent(chat))
    update = deepcopy(here.telegram.updates[-1])
    update["update_id"] += 1_000_000
    update["message"]["photo"] = [{"file_id": "without a size"}]
    accepted, _ = here.telegram.run(here.telegram.webhook.post(update))
    assert accepted
    assert answered_in(here, chat) < limit
    wait_until(lambda: messages.UNREAD in [said.text for said in here.telegram.sent(chat)])
    assert here.log.read_bytes().count(b"an update that cannot be read") == 2, "one attempt, one dead letter"
