"""Which workers are alive: each holds a numbered lock that its operating system or Postgres drops when it dies.

DBOS gives the unfinished workflows of an executor to whoever starts under the executor's name. Two workers under one
name would take each other's; a name that nobody takes again would keep its workflows forever. Hence the numbers.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

SLOTS = 64
PREFIX = "worker-"


class Slots(Protocol):
    """Numbered locks that die with their holder."""

    def take(self, number: int) -> bool:
        """Try to lock a number, without waiting."""

    def release(self, number: int) -> None:
        """Unlock a number that this process holds."""


def slots(url: str) -> Slots:
    """Find the locks that go with an inbox: files beside SQLite's, or Postgres's advisory locks."""
    return _Files(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else _Advisory(url)


def first_free(locks: Slots) -> int:
    """Take the lowest free number: a worker that starts again comes into its old one. Raises RuntimeError."""
    for number in range(1, SLOTS + 1):
        if locks.take(number):
            return number
    raise RuntimeError(f"{SLOTS} workers share this inbox already.")


def executor(number: int) -> str:
    """Name the DBOS executor of a number."""
    return f"{PREFIX}{number}"


def number_of(name: str) -> int | None:
    """Read the number in an executor's name; None for a name of another kind."""
    digits = name.removeprefix(PREFIX)
    return int(digits) if name.startswith(PREFIX) and digits.isdecimal() else None


class _Files:
    def __init__(self, path: str) -> None:
        self._path = path
        self._open: dict[int, int] = {}

    def take(self, number: int) -> bool:
        file = os.open(Path(f"{self._path}-{executor(number)}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._open[number] = file
        return True

    def release(self, number: int) -> None:
        os.close(self._open.pop(number))


class _Advisory:
    # Any number that other users of the database are unlikely to lock.
    CLASS = 0x0CA97104

    def __init__(self, url: str) -> None:
        import psycopg

        self._connection = psycopg.connect(url, autocommit=True)

    def take(self, number: int) -> bool:
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (self.CLASS, number)).fetchone()
        return bool(row and row[0])

    def release(self, number: int) -> None:
        self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (self.CLASS, number))
