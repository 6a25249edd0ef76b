"""What was answered is not answered again, whatever happens to the note of it; and giving up ends too."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.ports import wait_for_port
from tests.sandbox.slack_faults import Reset, Slow
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import GENERAL, all_answered, texts, wait_until
from webhooks.local.mailbox import Mailbox


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        yield here


def started(here: Machine) -> None:
    here.start("webhooks", "--port", str(here.port))
    wait_for_port(here.port)
    here.telegram.set_webhook(f"http://127.0.0.1:{here.port}/telegram/webhook")


@contextmanager
def locked(here: Machine) -> Iterator[None]:
    """Another program writes to the inbox's file, and takes its time."""
    with closing(sqlite3.connect(here.folder / "inbox.sqlite", isolation_level=None, timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def test_replies_that_cannot_be_noted_for_a_while_are_said_once(here: Machine) -> None:
    started(here)
    here.endpoint.pause = 1.0
    chats = [here.telegram.private(str(number)) for number in range(3)]
    sent = [here.slack.upload(f"C{number:08}", [make_photo()]) for number in range(3)]
    for chat in chats:
        here.telegram.send_photo(chat, make_photo())
    wait_until(lambda: len(here.endpoint.seen) == 6)
    with locked(here):
        wait_until(lambda: len(here.slack.posted) == 3 and all(here.telegram.sent(chat) for chat in chats))
        wait_until(lambda: b"not noted yet" in here.log.read_bytes())
        time.sleep(5)
    wait_until(lambda: all_answered(here))
    assert [len(texts(here, one)) for one in sent] == [1] * 3
    assert [len(here.telegram.sent(chat)) for chat in chats] == [1] * 3
    assert len(here.endpoint.seen) == 6


def test_the_eyes_go_after_the_note(here: Machine) -> None:
    started(here)
    here.slack.faults.add("reactions.remove", Slow(3, size=16))
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent))
    start = time.monotonic()
    wait_until(lambda: all_answered(here))
    assert time.monotonic() - start < 2


def test_after_a_crash_over_a_reply_the_thread_is_looked_at(here: Machine) -> None:
    here.start_door()
    worker = here.start_worker()
    # The reply is there, its confirmation is not.
    here.slack.faults.add("chat.postMessage", Slow(30, size=16))
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent))
    here.kill(worker)
    here.slack.faults.clear()
    here.start_worker()
    wait_until(lambda: all_answered(here))
    assert len(texts(here, sent)) == 1


def test_a_reply_of_which_nobody_knows_whether_it_arrived_is_not_said_twice(here: Machine) -> None:
    started(here)
    # It is there; and the thread, in which that could be seen, cannot be had for a while.
    here.slack.faults.add("chat.postMessage", Reset(after_work=True))
    here.slack.faults.add("conversations.replies", Reset(), times=8)
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent))
    here.slack.faults.add("conversations.replies", Reset(), times=4)
    wait_until(lambda: all_answered(here))
    assert len(texts(here, sent)) == 1


def test_giving_up_is_noted_as_soon_as_it_can_be(here: Machine) -> None:
    here.environment |= {"ATTEMPTS": "1", "CAPTION_TIMEOUT": "1"}
    started(here)
    here.endpoint.pause = 5
    sent = [here.slack.upload(f"C{number:08}", [make_photo()]) for number in range(8)]
    wait_until(lambda: len(here.endpoint.seen) == 8)
    with locked(here):
        wait_until(lambda: here.log.read_bytes().count(b"kept as a dead letter") == 8)
        time.sleep(3)
    wait_until(lambda: all(texts(here, one) for one in sent))
    mailbox = Mailbox(here.inbox)
    assert {letter.job for letter in mailbox.dead()} == {f"slack-{one.payload['event_id']}" for one in sent}
    mailbox.close()
    time.sleep(1)
    assert [len(texts(here, one)) for one in sent] == [1] * 8


def test_an_apology_that_fails_is_said_later(here: Machine) -> None:
    here.environment |= {"ATTEMPTS": "2", "CAPTION_TIMEOUT": "0.2"}
    started(here)
    here.endpoint.stop()
    here.slack.faults.add("chat.postMessage", Reset())
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent))
    time.sleep(1)
    assert len(texts(here, sent)) == 1
    assert "sorry" in texts(here, sent)[0]


def test_what_a_worker_lost_sight_of_is_taken_up_again(here: Machine) -> None:
    here.start_door()
    sent = here.slack.upload(GENERAL, [make_photo()])
    here.slack.settle()
    worker = here.start_worker()
    wait_until(lambda: texts(here, sent))
    wait_until(lambda: all_answered(here))
    # As if it had been taken in hand by a statement whose answer was lost.
    os.kill(worker.pid, signal.SIGSTOP)
    other = here.slack.upload("C0OTHER", [make_photo()])
    here.slack.settle()
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database, database:
        changed = database.execute("UPDATE events SET owner = 1, attempts = 1 WHERE finished IS NULL")
        assert changed.rowcount == 1
    os.kill(worker.pid, signal.SIGCONT)
    wait_until(lambda: texts(here, other), 20)
    wait_until(lambda: all_answered(here))
    assert len(texts(here, other)) == 1


def test_photos_that_wait_long_are_told_in_the_log(here: Machine) -> None:
    here.environment["CAPTION_TIMEOUT"] = "60"
    here.endpoint.pause = 60
    here.start_door()
    here.slack.upload(GENERAL, [make_photo()])
    here.slack.settle()
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database, database:
        database.execute("UPDATE events SET arrived = arrived - 400")
    here.environment["STOP_PATIENCE"] = "1"
    here.start_worker()
    wait_until(lambda: b"photos wait long" in here.log.read_bytes())
    [line] = [line for line in here.log.read_text().splitlines() if "photos wait long" in line]
    told = json.loads(line)
    assert told["waiting"] == 1
    assert 400 <= told["oldest_seconds"] < 500
