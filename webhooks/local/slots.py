"""Which workers are alive: each holds a numbered lock that its operating system or Postgres drops when it dies.

A job in hand carries its worker's number. A lock says for certain, and whatever the clocks do, whether that worker
still is there; a lease would have to guess.
"""

import fcntl
import os
from typing import Protocol

SLOTS = 64


class Slots(Protocol):
    """Numbered locks that die with their holder. The methods block for milliseconds, and raise the drivers' errors.

    `certain`: what is free has no holder. Where it is not, a holder may only have lost its connection for a moment.
    """

    certain: bool

    def take(self, number: int) -> bool:
        """Try to lock a number, without waiting."""

    def release(self, number: int) -> None:
        """Unlock a number that this process holds."""

    def holds(self, number: int) -> bool:
        """Whether a number that this process took is still its own: a connection to Postgres may be cut."""

    def close(self) -> None:
        """Unlock everything."""


def slots(url: str, path: str | None) -> Slots:
    """Find the locks that go with an inbox: files beside SQLite's, or Postgres's advisory locks."""
    return _Files(path) if path is not None else _Advisory(url)


def first_free(locks: Slots) -> int:
    """Take the lowest free number: a worker that starts again comes into its old one. Raises RuntimeError."""
    for number in range(1, SLOTS + 1):
        if locks.take(number):
            return number
    raise RuntimeError(f"{SLOTS} workers share this inbox already.")


def worker_file(path: str, number: int, kind: str) -> str:
    """Name a file of a worker's beside SQLite's file."""
    return f"{path}-worker-{number}.{kind}"


class _Files:
    certain = True

    def __init__(self, path: str) -> None:
        self._path = path
        self._open: dict[int, int] = {}

    def take(self, number: int) -> bool:
        file = os.open(worker_file(self._path, number, "lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._open[number] = file
        return True

    def release(self, number: int) -> None:
        os.close(self._open.pop(number))

    def holds(self, number: int) -> bool:
        return number in self._open

    def close(self) -> None:
        for number in list(self._open):
            self.release(number)


class _Advisory:
    # Any number that other users of the database are unlikely to lock.
    CLASS = 0x0CA97104
    certain = False

    def __init__(self, url: str) -> None:
        import psycopg

        self._url = url
        self._connect = psycopg.connect
        self._connection = psycopg.connect(url, autocommit=True)

    def take(self, number: int) -> bool:
        if self._connection.closed:
            self._connection = self._connect(self._url, autocommit=True)
        return self._asked("pg_try_advisory_lock", number)

    def release(self, number: int) -> None:
        self._asked("pg_advisory_unlock", number)

    def holds(self, number: int) -> bool:
        # A lock of one's own can be taken twice: what was taken by this look is given back.
        if self._connection.closed or not self._asked("pg_try_advisory_lock", number):
            return False
        self._asked("pg_advisory_unlock", number)
        return True

    def close(self) -> None:
        self._connection.close()

    def _asked(self, function: str, number: int) -> bool:
        row = self._connection.execute(f"SELECT {function}(%s, %s)", (self.CLASS, number)).fetchone()
        return bool(row and row[0])
