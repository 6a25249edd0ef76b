"""What a measurement was made on, and how much else the machine had to do meanwhile: the last line of each chapter."""

import hashlib
import os
import platform
import resource
import statistics
import time
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

TOOLS = ("onnxruntime", "torch", "transformers")
REPETITIONS, BYTES = 100, bytes(4 << 20)  # a few milliseconds each


class Watch:
    """Begins when it is made; `line` tells what happened since."""

    def __init__(self) -> None:
        self._load = os.getloadavg()[0]
        self._pace = pace()
        self._started, self._busy, self._own = time.monotonic(), _busy(), _own()

    def line(self) -> str:
        """The day, the machine, and three measures of noise, as a sentence each."""
        seconds = time.monotonic() - self._started
        others = (_busy() - self._busy) - (_own() - self._own)
        share = max(0.0, others) / (seconds * (os.cpu_count() or 1))
        taken = sorted(self._pace + pace())
        usual, late = (statistics.quantiles(taken, n=20)[place] / taken[0] for place in (9, 18))
        tools = ", ".join(f"{name} {version(name)}" for name in TOOLS)
        return (
            f"Measured on {datetime.now(UTC):%Y-%m-%d} on {len(os.sched_getaffinity(0))} cores of {processor()}, "
            f"Python {platform.python_version()}, {tools}. Noise: a load of {self._load:.1f} before; other programs "
            f"had {share:.0%} of the cores meanwhile; the same computation, before and after, took {usual:.2f} times "
            f"its fastest at the median and {late:.2f} times at the 95th percentile."
        )


def processor() -> str:
    """The processor's name, or its architecture where it has none."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def pace() -> list[float]:
    """Seconds of one and the same computation, again and again."""
    marks = [time.perf_counter()]
    for _ in range(REPETITIONS):
        hashlib.sha256(BYTES).digest()
        marks.append(time.perf_counter())
    return [after - before for before, after in pairwise(marks)]


def _busy() -> float:
    """Seconds that all cores together have worked for anybody, a hypervisor's other guests included.

    The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
    """
    ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds of this process and of those of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
