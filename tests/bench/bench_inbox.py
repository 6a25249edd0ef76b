"""What the bot costs while nobody sends anything, and how soon it answers when somebody does.

`python -m tests.bench.bench_inbox` prints the table; `report` returns it.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bot.conftest import make_photo
from tests.ports import wait_for_port
from tests.webhooks.local.machine import Machine, machine

SETTLING, IDLE = 5.0, 60.0  # seconds
PHOTOS = 40
WAYS = {
    "`run`: Socket Mode and polling": ("run",),
    "`webhooks`: front door and worker": ("webhooks",),
    "`webhooks --only worker`": ("webhooks", "--only", "worker"),
}


def report() -> str:
    """Measure, as a table."""
    lines = [
        "| | idle, of a core (goal: < 1 %) | photo to reply, median (goal: ≤ 200 ms) | the slowest |",
        "|---|--:|--:|--:|",
    ]
    for name, command in WAYS.items():
        with started(command) as (here, process):
            share = idle(process)
            times = sorted(answered(here) for _ in range(PHOTOS))
        median = statistics.median(times)
        lines.append(f"| {name} | {100 * share:.2f} % | {1e3 * median:.0f} ms | {1e3 * times[-1]:.0f} ms |")
    return "\n".join([*lines, "", REMARK])


REMARK = (
    "From the upload in Slack to the post in its thread, with an endpoint that answers at once; the worker alone has "
    "its front door in a process beside it. DBOS, over which the inbox ran before, on the same machine, with no photo: "
    "13 % of a core with queues polled every 0.1 s (a job began after 70 ms), 3.0 % with 1 s (711 ms), 1.8 % with 5 s "
    "(2.6 s), 1.5 % with 30 s (12 s): its floor of threads is over the goal, and it has no bell."
)


@contextmanager
def started(command: tuple[str, ...]) -> Iterator[tuple[Machine, int]]:
    """A machine on which the bot runs, and the process to measure."""
    with tempfile.TemporaryDirectory() as folder, machine(Path(folder)) as here:
        if command[0] == "run":
            here.slack.sender.url = None
            process = here.start(*command)
            here.slack.wait_until(lambda: here.slack.socket.connections)
        elif "worker" in command:
            here.start_door()
            process = here.start(*command)
        else:
            process = here.start(*command, "--port", str(here.port))
            wait_for_port(here.port)
        answered(here)
        time.sleep(SETTLING)
        yield here, process.pid


def idle(process: int, watched: float = IDLE) -> float:
    """What a process takes of a core in `watched` seconds in which nothing happens."""
    before = seconds(process)
    time.sleep(watched)
    return (seconds(process) - before) / watched


def seconds(process: int) -> float:
    """Seconds of a processor that a process has used, in all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answered(here: Machine) -> float:
    """Send a photo; seconds until its reply is there."""
    start = time.monotonic()
    sent = here.slack.upload("C0GENERAL", [make_photo()])
    here.slack.wait_until(lambda: here.slack.replies(sent))
    return time.monotonic() - start


if __name__ == "__main__":
    print(report())
