"""A part of a processor, as Lambda gives it to functions of little memory: all of it for some of the time.

https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu and, for the older kind,
https://docs.kernel.org/scheduler/sched-bwc.html
"""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD = 20_000  # microseconds
WHOLE = 1769  # megabytes; a function of so many has one processor's worth of time
ROOT = Path("/sys/fs/cgroup")
PATIENCE = 10.0  # seconds


@contextmanager
def share_of(megabytes: int) -> Iterator[list[str]]:
    """Yield the beginning of a command line, which runs the rest of it with a function's share of the processors.

    Raises OSError where such a limit can't be set.
    """
    quota = PERIOD * megabytes // WHOLE
    old = (ROOT / "cpu").is_dir()
    group = (ROOT / "cpu" if old else ROOT) / f"captionbot-{megabytes}"
    group.mkdir(exist_ok=True)  # a run that was killed leaves its own
    try:
        if old:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD}")
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    """Remove a group as soon as the kernel has forgotten its last process, which may take a moment after its end."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return group.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)
