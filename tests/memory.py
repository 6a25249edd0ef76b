"""How much memory a process takes, as Linux counts it (proc(5))."""

from pathlib import Path


def resident(process: int) -> int:
    """What is in memory now, in bytes."""
    return _figure(process, "VmRSS")


def peak(process: int) -> int:
    """The most that was in memory at once, in bytes."""
    return _figure(process, "VmHWM")


def _figure(process: int, name: str) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) * 1024
