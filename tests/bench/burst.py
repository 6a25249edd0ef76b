"""Five hundred photos in ten seconds: how long the front door lets Slack wait, and what memory it and the worker take.

Front door, worker and the one who delivers are processes of their own, beside the Slack of the tests and a caption
endpoint that answers at once; all of them share this machine.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.bot.conftest import make_photo
from tests.memory import resident
from tests.sandbox.slack_workspace import JSON
from tests.webhooks.local.machine import Machine, machine

ROOT = Path(__file__).parents[2]
PHOTOS, SECONDS = 500, 10.0
CHANNELS = 50  # Slack allows a channel about one message a second: a burst comes from many
GOAL = 50.0  # milliseconds, for the 99th percentile
PATIENCE = 300.0  # seconds


@dataclass(frozen=True)
class Burst:
    """What came of it."""

    waits: list[float]  # milliseconds that a delivery waited for its 200, the shortest first
    replies: Counter[int]  # how many photos got so many replies
    until_last: float  # seconds from the first delivery to the last reply
    door: tuple[float, float]  # resident megabytes, after one photo and after all
    worker: tuple[float, float]

    def percentile(self, share: float) -> float:
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


def run(photos: int = PHOTOS, seconds: float = SECONDS) -> Burst:
    with tempfile.TemporaryDirectory() as folder, machine(Path(folder)) as here:
        door = here.start_door()
        worker = here.start_worker()
        here.slack.sender.url = None  # what people do is delivered by the process below
        image = make_photo(640, 480)
        # One photo, so that everything has been imported and the memory is that of a machine at work.
        _deliver(here, [here.slack.upload("C0GENERAL", [image]).payloads[0]], 0)
        _wait_for_replies(here, 1)
        early = resident(door.pid) / 1e6, resident(worker.pid) / 1e6
        sent = [here.slack.upload(f"C{number % CHANNELS:08}", [image]) for number in range(photos)]
        start = time.monotonic()
        waits = _deliver(here, [one.payloads[0] for one in sent], seconds)
        _wait_for_replies(here, photos + 1)
        until_last = time.monotonic() - start
        return Burst(
            waits=sorted(waits),
            replies=Counter(len(here.slack.replies(one)) for one in sent),
            until_last=until_last,
            door=(early[0], resident(door.pid) / 1e6),
            worker=(early[1], resident(worker.pid) / 1e6),
        )


def report() -> str:
    """Measure, as a table."""
    burst = run()
    rows = {
        "photos answered once": f"{burst.replies[1]} of {burst.replies.total()}",
        "a delivery's wait for its 200, median": f"{burst.percentile(0.5):.1f} ms",
        "a delivery's wait for its 200, 99th percentile": f"{burst.percentile(0.99):.1f} ms (goal: under {GOAL:.0f})",
        "from the first delivery to the last reply": f"{burst.until_last:.1f} s",
        "memory of the front door, after one photo and after all": "{:.0f} → {:.0f} MB".format(*burst.door),
        "memory of the worker, after one photo and after all": "{:.0f} → {:.0f} MB".format(*burst.worker),
    }
    lines = [f"| {PHOTOS} photos in {SECONDS:.0f} seconds | |", "|---|---:|"]
    return "\n".join(lines + [f"| {name} | {value} |" for name, value in rows.items()])


def _deliver(here: Machine, payloads: list[JSON], seconds: float) -> list[float]:
    """Deliver events evenly over so many seconds, from a process that does nothing else; milliseconds of each."""
    task = {"url": f"http://127.0.0.1:{here.port}/slack/events", "payloads": payloads, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.deliver"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        input=json.dumps(task).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    waits: list[float] = json.loads(done.stdout)
    return waits


def _wait_for_replies(here: Machine, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(here.slack.posted) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"{len(here.slack.posted)} of {count} photos were answered")
        time.sleep(0.05)
