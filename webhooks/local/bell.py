"""Waking the workers when an event arrives, so that they need not look all the time.

On one machine each worker hears a named pipe beside SQLite's file; Postgres has NOTIFY
(https://www.postgresql.org/docs/current/sql-notify.html). A bell that is not heard costs no more than a worker's next
look, a second later.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from webhooks.inbox import InboxError
from webhooks.local.database import MODE, Database
from webhooks.local.slots import SLOTS, worker_file

CHANNEL = "captionbot"
AGAIN = 5.0  # seconds between two looks of the listener at whether it should end, or at a Postgres that is away

log = logging.getLogger(__name__)


class Bell(Protocol):
    """One side rings, the workers hear."""

    def ring(self) -> None:
        """Wake every worker. Takes microseconds, and never raises."""


def bell(database: Database) -> Bell:
    """Find the bell that goes with an inbox."""
    return _Pipes(database.path) if database.path is not None else _Notify(database)


class _Pipes:
    def __init__(self, path: str) -> None:
        self._path = path

    def ring(self) -> None:
        for number in range(1, SLOTS + 1):
            try:
                pipe = os.open(worker_file(self._path, number, "wake"), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except FileNotFoundError:
                return  # there never was a worker of this number, nor of a higher one
            except OSError:
                continue  # nobody hears it
            # One that is full rings already.
            with suppress(OSError):
                os.write(pipe, b"!")
            os.close(pipe)


class _Notify:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ring(self) -> None:
        with suppress(InboxError):
            self._database.run(f"NOTIFY {CHANNEL}")


@contextmanager
def listening(url: str, path: str | None, number: int, wake: Callable[[], None]) -> Iterator[None]:
    """Call `wake` in the running event loop whenever the bell rings, for the worker of this number."""
    loop = asyncio.get_running_loop()
    if path is None:
        end = threading.Event()
        threading.Thread(target=_listen, args=(url, end, lambda: loop.call_soon_threadsafe(wake)), daemon=True).start()
        try:
            yield
        finally:
            end.set()
        return
    pipe = _pipe(worker_file(path, number, "wake"))
    if pipe is None:
        yield
        return

    def heard() -> None:
        os.read(pipe, 65_536)
        wake()

    loop.add_reader(pipe, heard)
    try:
        yield
    finally:
        loop.remove_reader(pipe)
        os.close(pipe)


def _pipe(name: str) -> int | None:
    """Open a worker's pipe; None where the file system has no such thing."""
    try:
        with suppress(FileExistsError):
            os.mkfifo(name, MODE)
        if not Path(name).is_fifo():
            raise FileExistsError(name)
        # For writing too: a pipe that its last writer has closed would be ready all the time.
        return os.open(name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        log.warning("new events are found by looking only", extra={"reason": type(error).__name__})
        return None


def _listen(url: str, end: threading.Event, wake: Callable[[], object]) -> None:
    import psycopg

    while not end.is_set():
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=int(AGAIN)) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not end.is_set():
                    for _ in connection.notifies(timeout=AGAIN, stop_after=1):
                        wake()
        except (psycopg.Error, OSError):
            end.wait(AGAIN)
        except RuntimeError:
            return  # the loop is closed
