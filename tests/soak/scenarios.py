"""What can go wrong while photos come in: each scenario is a storm with something that happens to the bot meanwhile."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from tests.sandbox.slack_faults import Slow, Status
from tests.sandbox.telegram_faults import Fault
from tests.soak.storm import Storm, Tally
from tests.webhooks.local.machine import Machine
from tests.webhooks.local.test_clock import LIBRARIES, Clock
from tests.webhooks.local.test_one_answer import wait_until

STORM = 30.0  # seconds
Scenario = Callable[[Machine], Tally]


@contextmanager
def blowing(
    here: Machine, workers_only: Mapping[str, str] | None = None
) -> Iterator[tuple[Storm, list[subprocess.Popen[bytes]]]]:
    """A front door, two workers (with more in their environment), and a storm that is about to begin."""
    here.start_door()
    here.telegram.set_webhook(f"http://127.0.0.1:{here.port}/telegram/webhook")
    here.environment |= workers_only or {}
    running = [here.start_worker() for _ in range(2)]
    storm = Storm(here)
    with storm.watched():
        storm.telegram(0)
        storm.slack(0)
        wait_until(lambda: here.slack.posted and here.telegram.world.sent)
        storm.forget()
        yield storm, running


def calm(here: Machine) -> Tally:
    """Nothing goes wrong."""
    with blowing(here) as (storm, _):
        storm.blow(STORM)
        return storm.tally()


def _meanwhile(storm: Storm, happen: Callable[[], None], every: float, a_second: float = 6) -> None:
    """Blow, and let something happen every so many seconds."""
    end = time.monotonic() + STORM
    while time.monotonic() < end:
        storm.blow(every, a_second)
        happen()


def kills(here: Machine) -> Tally:
    """SIGKILL to one of two workers, every other second or so; another one starts."""
    chance = random.Random(13)
    with blowing(here) as (storm, workers):

        def kill() -> None:
            here.kill(workers.pop(chance.randrange(len(workers))))
            workers.append(here.start_worker())

        _meanwhile(storm, kill, 2.5)
        return storm.tally()


def stops(here: Machine) -> Tally:
    """SIGTERM to one of two workers, every few seconds; another one starts."""
    with blowing(here) as (storm, workers):

        def stop() -> None:
            workers[0].terminate()
            here.forget(workers.pop(0))
            workers.append(here.start_worker())

        _meanwhile(storm, stop, 3.0)
        return storm.tally()


def locks(here: Machine) -> Tally:
    """Another program holds the file's lock for 8 s, twice."""
    with blowing(here) as (storm, _):
        for _ in range(2):
            storm.blow(5)
            with closing(sqlite3.connect(here.folder / "inbox.sqlite", isolation_level=None, timeout=60)) as database:
                database.execute("BEGIN IMMEDIATE")
                time.sleep(8)
                database.execute("ROLLBACK")
            storm.blow(5)
        return storm.tally()


def full_disk(here: Machine) -> Tally:
    """No byte more fits on the inbox's disk for 10 s, twice."""
    with blowing(here) as (storm, _):
        for _ in range(2):
            storm.blow(5)
            filler = here.disk / "filler"
            with filler.open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
            time.sleep(10)
            filler.unlink()
            storm.blow(5)
        return storm.tally()


def clock_steps(here: Machine) -> Tally:
    """The workers' clock is set back and forth by an hour. (libfaketime makes each look at a clock dear.)"""
    clock = Clock(here.folder / "clock")
    steps = iter(["-3600", "+0", "+3600", "+0"] * 100)
    with blowing(here, clock.environment) as (storm, _):
        _meanwhile(storm, lambda: clock.set(next(steps)), 4.0, a_second=1)
        clock.set("+0")
        return storm.tally()


def _slack_in_trouble(here: Machine, place: str, fault: Slow | Status, times: int) -> Tally:
    with blowing(here) as (storm, _):
        here.slack.faults.add(place, fault, times=times)
        for number in range(16):
            here.slack.upload(f"CTROUBLE{number:02}", [storm._image])
        for number in range(int(STORM)):
            storm.telegram(number)
            time.sleep(1)
        return storm.tally(("telegram",))


def hanging_slack(here: Machine) -> Tally:
    """Slack's file host hangs for 16 channels, for good; told is what Telegram's chats wait for."""
    return _slack_in_trouble(here, "files", Slow(600, size=1), 1_000_000)


def flooded_slack(here: Machine) -> Tally:
    """Slack asks for 30 s of patience, in 16 channels; told is what Telegram's chats wait for."""
    return _slack_in_trouble(here, "chat.postMessage", Status(429, retry_after=30), 64)


def flooded_group(here: Machine) -> Tally:
    """Telegram asks one group for 28 s of patience; told is what the other chats wait for."""
    with blowing(here) as (storm, _):
        here.telegram.faults.add(Fault("sendMessage", status=429, retry_after=28))
        here.telegram.send_photo(here.telegram.group(), storm._image)
        time.sleep(1)
        for number in range(int(STORM)):
            storm.slack(number)
            storm.telegram(number)
            time.sleep(1)
        return storm.tally()


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of four megabytes, in memory."""
    folder = Path("/tmp/captionbot-soak-disk")
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


CAN_MOUNT = os.getuid() == 0 and sys.platform == "linux"
CAN_SET_CLOCK = bool(LIBRARIES)
