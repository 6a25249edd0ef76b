"""A bot to which nobody sends anything takes next to nothing of the machine."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.bench_inbox import WAYS, answered, seconds, started

WATCHED = 10.0  # seconds
GOAL = 0.01  # of a core


def test_an_idle_bot_takes_less_than_a_hundredth_of_a_core() -> None:
    with ThreadPoolExecutor(len(WAYS)) as together:
        for command, spent in zip(WAYS.values(), together.map(watched, WAYS.values()), strict=True):
            assert spent < GOAL * WATCHED, command


def watched(command: tuple[str, ...]) -> float:
    """Seconds of a processor that the bot takes between two photos, `WATCHED` apart."""
    with started(command) as (here, process):
        before = seconds(process)
        time.sleep(WATCHED)
        spent = seconds(process) - before
        answered(here)
    return spent
