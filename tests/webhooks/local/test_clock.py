"""A clock that is set, by an hour and in either direction, holds nobody up: libfaketime sets it for the bot alone."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.ports import wait_for_port
from tests.sandbox.slack_faults import Error
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import GENERAL, all_answered, in_work, texts, wait_until

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
STEPS = ["-3600", "+3600"]

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="no libfaketime on this machine")


class Clock:
    """The bot's clock, so many seconds off; its monotonic clock runs as ever."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[-1]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            # In seconds: without one, the file would be read at every look at the clock.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        self._file.write_text(f"{offset}\n")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def here(tmp_path: Path, clock: Clock) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.environment |= clock.environment | {"CAPTION_TIMEOUT": "20"}
        yield here


def start(here: Machine) -> None:
    # A front door of its own, whose clock is right: it checks the times that Slack signs.
    faked = here.environment
    here.environment = {name: value for name, value in faked.items() if not name.startswith(("LD_", "FAKETIME"))}
    here.start_door()
    here.environment = faked
    wait_for_port(here.port)
    here.telegram.set_webhook(f"http://127.0.0.1:{here.port}/telegram/webhook")
    here.start_worker()


@pytest.mark.parametrize("step", STEPS)
def test_an_album_and_a_wait_go_on(here: Machine, clock: Clock, step: str) -> None:
    here.environment["ALBUM_QUIET"] = "2"
    start(here)
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent))
    # Two failures: the second wait is of two seconds.
    here.slack.faults.add("chat.postMessage", Error("internal_error"), times=2)
    chat = here.telegram.private()
    here.telegram.send_album(chat, [make_photo(), make_photo()])
    waiting = here.slack.upload("C0OTHER", [make_photo()])
    wait_until(lambda: b"not answered yet" in here.log.read_bytes())
    clock.set(step)
    begun = time.monotonic()
    wait_until(lambda: texts(here, waiting) and here.telegram.sent(chat), 90)
    assert time.monotonic() - begun < 60
    wait_until(lambda: all_answered(here))
    assert (len(texts(here, waiting)), len(here.telegram.sent(chat))) == (1, 1)


def test_a_wait_that_survives_a_restart_is_bounded(here: Machine, clock: Clock) -> None:
    clock.set("+3600")
    start(here)
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent))
    here.slack.faults.add("chat.postMessage", Error("internal_error"), times=4)
    waiting = here.slack.upload("C0OTHER", [make_photo()])
    wait_until(lambda: here.log.read_bytes().count(b"not answered yet") == 4)
    wait_until(lambda: not in_work(here))
    here.stop()
    # What was put off for eight seconds is due in an hour now, by a clock that has been set right.
    clock.set("+0")
    here.start_worker()
    wait_until(lambda: texts(here, waiting))
    assert len(texts(here, waiting)) == 1


def test_the_minute_of_who_sent_too_many_is_no_hour(here: Machine, clock: Clock) -> None:
    here.environment["PHOTOS_PER_MINUTE"] = "1"
    start(here)
    first = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, first))
    clock.set("-3600")
    second = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, second))
    [said] = texts(here, second)
    assert "come back in" in said
    assert int(said.split("come back in ")[1].split()[0]) <= 60
