"""Forgotten means forgotten: what people wrote is on no disk a moment after the reply, ids go after a day."""

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.sandbox.slack_person import Sent
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import GENERAL, all_answered, texts, wait_until

HOUR = 3600
DAY = 24 * HOUR
WORDS = "our secret garden"
# What each event carries that is of interest to nobody but those who were there.
PRIVATE = (b"secret garden", b"files-pri", b"photo-", b"cat.jpg", b"Alice")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.environment |= {"ATTEMPTS": "1", "CAPTION_TIMEOUT": "0.5"}
        here.start_door()
        yield here


def answered(here: Machine) -> Sent:
    sent = here.slack.upload(GENERAL, [make_photo()], text=WORDS)
    wait_until(lambda: texts(here, sent) and all_answered(here))
    return sent


def given_up(here: Machine) -> Sent:
    """An event that got its apology, because the endpoint was down."""
    here.endpoint.stop()
    sent = answered(here)
    here.endpoint.start()
    return sent


def job(sent: Sent) -> str:
    return f"slack-{sent.payload['event_id']}"


def ages(here: Machine, sent: Sent, seconds: float) -> None:
    """Let so much time pass for an event."""
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database, database:
        changed = database.execute("UPDATE events SET finished = finished - ? WHERE id = ?", (seconds, job(sent)))
        assert changed.rowcount == 1


def known(here: Machine, sent: Sent) -> bool:
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database:
        return bool(database.execute("SELECT 1 FROM events WHERE id = ?", (job(sent),)).fetchall())


def on_disk(here: Machine) -> dict[str, bytes]:
    """What is in the inbox's files, the log among them."""
    return {path.name: path.read_bytes() for path in here.folder.glob("inbox.sqlite*") if path.is_file()}


def test_what_was_written_is_on_no_disk_a_moment_after_the_reply_though_the_bot_is_quiet(here: Machine) -> None:
    here.start_worker()
    answered(here)

    def kept() -> list[str]:
        return [name for name, content in on_disk(here).items() if any(words in content for words in PRIVATE)]

    wait_until(lambda: not kept(), 5)
    assert "inbox.sqlite" in on_disk(here)


def test_of_what_slack_sends_only_what_is_read_is_ever_kept(here: Machine) -> None:
    sent = here.slack.upload(GENERAL, [make_photo()], text=WORDS)
    here.slack.settle()
    [everything] = [content for name, content in on_disk(here).items() if name.endswith("-wal")]
    assert job(sent).encode() in everything
    assert b"files-pri" in everything, "the photo has yet to be fetched"
    assert WORDS.encode() not in everything
    here.start_worker()
    wait_until(lambda: texts(here, sent))


def test_nobody_else_on_the_machine_may_read_the_inbox(here: Machine) -> None:
    here.start_worker()
    answered(here)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in here.folder.glob("inbox.sqlite*")}
    assert "inbox.sqlite-worker-1.lock" in modes
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_an_inbox_that_others_could_read_is_closed_to_them(here: Machine) -> None:
    (here.folder / "inbox.sqlite").chmod(0o644)
    here.start_worker()
    answered(here)
    assert stat.S_IMODE((here.folder / "inbox.sqlite").stat().st_mode) == 0o600


def test_a_front_door_that_keeps_nothing_holds_nothing_open_either(here: Machine) -> None:
    here.start_worker()
    answered(here)
    wait_until(lambda: not (here.folder / "inbox.sqlite-wal").read_bytes(), 5)
    time.sleep(2)
    assert (here.folder / "inbox.sqlite-wal").stat().st_size == 0


def test_what_was_answered_a_day_ago_is_forgotten_and_nothing_else(here: Machine) -> None:
    worker = here.start_worker()
    old, young, dead = answered(here), answered(here), given_up(here)
    here.kill(worker)
    ages(here, old, DAY + HOUR)
    ages(here, young, DAY - HOUR)
    ages(here, dead, DAY + HOUR)
    waiting = here.slack.upload(GENERAL, [make_photo()])
    here.start_worker()
    wait_until(lambda: not known(here, old))
    assert known(here, young)
    assert known(here, dead)
    wait_until(lambda: texts(here, waiting))
    # Whoever is delivered again within the day finds itself answered.
    here.slack.deliver(young.payload)
    here.slack.settle()
    wait_until(lambda: all_answered(here))
    assert len(texts(here, young)) == 1


def test_a_dead_letter_is_kept_for_two_weeks(here: Machine) -> None:
    worker = here.start_worker()
    dead, other = given_up(here), given_up(here)
    here.kill(worker)
    ages(here, dead, 14 * DAY + HOUR)
    ages(here, other, 14 * DAY - HOUR)
    here.start_worker()
    wait_until(lambda: not known(here, dead))
    assert known(here, other)
