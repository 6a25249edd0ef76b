"""A bot to which nobody sends anything takes next to nothing of the machine."""

from concurrent.futures import ThreadPoolExecutor

from tests.bench.bench_inbox import WAYS, answered, idle, started

WATCHED = 10.0  # seconds
GOAL = 0.01  # of a core


def test_an_idle_bot_takes_less_than_a_hundredth_of_a_core() -> None:
    with ThreadPoolExecutor(len(WAYS)) as together:
        for command, share in zip(WAYS.values(), together.map(between_photos, WAYS.values()), strict=True):
            assert share < GOAL, command


def between_photos(command: tuple[str, ...]) -> float:
    """What the bot takes of a core between two photos, `WATCHED` apart."""
    with started(command) as (here, process):
        share = idle(process, WATCHED)
        answered(here)
    return share
