"""A stop drains: what is in hand ends, what is not yet waits for the next start, and nobody is answered twice."""

import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.ports import wait_for_port
from tests.sandbox.slack_faults import Slow
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import GENERAL, all_answered, in_work, texts, wait_until

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        yield here


def started(here: Machine) -> subprocess.Popen[bytes]:
    bot = here.start("webhooks", "--port", str(here.port))
    wait_for_port(here.port)
    wait_until((here.folder / "inbox.sqlite-worker-1.wake").exists)
    return bot


def stop(bot: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> float:
    """Ask it to stop; the seconds until it is gone, in good order."""
    start = time.monotonic()
    bot.send_signal(number)
    assert bot.wait(30) == 0
    return time.monotonic() - start


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_photo_in_hand_is_answered_and_what_waits_is_answered_after_the_next_start(
    here: Machine, number: signal.Signals
) -> None:
    here.environment["WORKER_CONCURRENCY"] = "1"
    bot = started(here)
    here.endpoint.pause = 0.8
    first = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: here.endpoint.seen)
    second = here.slack.upload(GENERAL, [make_photo()])
    here.slack.settle()
    assert stop(bot, number) < 15
    assert (len(texts(here, first)), len(texts(here, second))) == (1, 0)
    assert not in_work(here)
    here.endpoint.pause = 0
    started(here)
    wait_until(lambda: texts(here, second))
    wait_until(lambda: all_answered(here))
    assert (len(texts(here, first)), len(texts(here, second))) == (1, 1)


def more_than(here: Machine, posts: int) -> bool:
    return len(here.slack.posted) > posts


def test_stops_aimed_at_the_reply_double_none(here: Machine) -> None:
    sent, storm = [], 8
    bot = started(here)
    for _ in range(3):
        # The answer to the post is slow: the reply is there, and nobody knows yet.
        here.slack.faults.add("chat.postMessage", Slow(0.2, size=64), times=storm)
        before = len(here.slack.posted)
        sent += [here.slack.upload(f"C{number:08}", [make_photo()]) for number in range(storm)]
        here.slack.wait_until(partial(more_than, here, before))
        stop(bot)
        bot = started(here)
    here.slack.settle()
    wait_until(lambda: len(here.slack.posted) >= len(sent))
    wait_until(lambda: all_answered(here))
    assert [len(texts(here, one)) for one in sent] == [1] * len(sent)


def test_a_stop_does_not_wait_for_what_hangs_longer_than_it_was_told(here: Machine) -> None:
    here.environment |= {"STOP_PATIENCE": "2", "CAPTION_TIMEOUT": "60"}
    bot = started(here)
    here.endpoint.pause = 60
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: here.endpoint.seen)
    assert 2 <= stop(bot) < 12
    here.endpoint.pause = 0
    started(here)
    wait_until(lambda: texts(here, sent))
    wait_until(lambda: all_answered(here))
    assert len(texts(here, sent)) == 1


def test_a_second_signal_ends_the_waiting(here: Machine) -> None:
    here.environment |= {"STOP_PATIENCE": "60", "CAPTION_TIMEOUT": "60"}
    bot = started(here)
    here.endpoint.pause = 60
    here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: here.endpoint.seen)
    bot.send_signal(signal.SIGINT)
    wait_until(lambda: b'"finishing"' in here.log.read_bytes())
    assert stop(bot, signal.SIGINT) < 12


def test_polling_and_socket_mode_stop_too(here: Machine) -> None:
    here.slack.sender.url = None
    bot = here.start("run")
    wait_until(lambda: here.slack.socket.connections)
    chat = here.telegram.private()
    here.telegram.send_photo(chat, make_photo())
    wait_until(lambda: here.telegram.sent(chat))
    assert stop(bot) < 12
    assert b"Traceback" not in here.log.read_bytes()
