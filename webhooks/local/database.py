"""One connection to the inbox's database, SQLite or Postgres, with the same SQL for both.

Plain DB-API and no SQLAlchemy, for the front door's cold start: sqlite3 takes 3 ms to import, SQLAlchemy 150 ms.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from webhooks.inbox import InboxError

# Seconds that a statement waits for another process's lock: less than the 3 s that Slack waits for an answer.
BUSY = 2.0
# Seconds between two tries. SQLite's own waiting grows to a tenth of a second, for locks that last a few milliseconds.
PAUSE = 0.002
# Readable by its owner alone: SQLite gives the log beside the file the same mode.
MODE = 0o600

# `job` is the id that all events of one answer share, missing until an album is complete; `owner`, the worker that has
# it in hand. An event with an `apology` is dead, and whoever sent it has yet to be told so.
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        number {number} PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        platform TEXT NOT NULL,
        workspace TEXT NOT NULL,
        chat TEXT NOT NULL,
        album TEXT,
        payload TEXT,
        arrived DOUBLE PRECISION NOT NULL,
        job TEXT,
        owner INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        due DOUBLE PRECISION NOT NULL DEFAULT 0,
        finished DOUBLE PRECISION,
        failure TEXT,
        apology TEXT
    )""",
    "CREATE INDEX IF NOT EXISTS events_waiting ON events (chat, number) WHERE finished IS NULL AND job IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS events_gathering ON events (album) WHERE job IS NULL",
    "CREATE INDEX IF NOT EXISTS events_owned ON events (owner) WHERE owner IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS events_owed ON events (number) WHERE apology IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS events_failed ON events (job) WHERE failure IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS events_finished ON events (finished)",
    "CREATE INDEX IF NOT EXISTS events_of_job ON events (job)",
    "CREATE INDEX IF NOT EXISTS events_by_platform ON events (platform, arrived)",
)
NUMBERS = {True: "INTEGER", False: "BIGINT GENERATED ALWAYS AS IDENTITY"}
# Two processes that make a table at once would trip over each other in Postgres.
CREATION = 0x0CA97105

Row = tuple[Any, ...]


class Locked(InboxError):
    """Another process is writing to SQLite's file."""


class _Connection(Protocol):
    def execute(self, sql: Any, params: Any = ..., /) -> Any: ...  # noqa: ANN401 (two drivers' types)
    def close(self) -> None: ...


class Database:
    """Runs one statement at a time, each its own transaction; opens on first use and again after a failure."""

    def __init__(self, url: str, *, syncs: bool = False) -> None:
        """`syncs`: SQLite waits for the disk at each commit, and with it for all that others have committed before."""
        self._url = url
        self._syncs = syncs
        self.path = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def run(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        """Execute a statement with `:name` parameters and return its rows. Raises InboxError.

        It blocks: call it in a thread where an event loop must go on.
        """
        end = time.monotonic() + BUSY
        while True:
            try:
                return self.attempt(sql, params)
            except Locked:
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE)

    def attempt(self, sql: str, params: Mapping[str, object] | None = None) -> list[Row]:
        """Do as `run`, but raise Locked instead of waiting."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                cursor = self._connection.execute(self._dialect(sql), params or {})
                return list(cursor.fetchall()) if cursor.description else []
            except ModuleNotFoundError:
                raise
            except Exception as error:  # the drivers share no base class
                if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    raise Locked("the inbox's database stayed locked") from None
                self._close()
                raise InboxError(f"the inbox's database failed: {type(error).__name__}") from error

    def shed(self) -> bool:
        """Empty the log beside SQLite's file, which still holds what was deleted; whether nobody was in the way."""
        if self.path is None:
            return True
        try:
            [(busy, *_)] = self.attempt("PRAGMA wal_checkpoint(TRUNCATE)")
        except InboxError:
            return False
        return not busy

    def close(self) -> None:
        """Close the connection; the next statement opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):  # it is thrown away
                self._connection.close()
            self._connection = None

    def _open(self) -> _Connection:
        connection = _sqlite(self.path, self._syncs) if self.path is not None else _postgres(self._url)
        try:
            if self.path is None:
                connection.execute("SELECT pg_advisory_lock(%s)", (CREATION,))
            for statement in SCHEMA:
                connection.execute(statement.format(number=NUMBERS[self.path is not None]))
            if self.path is None:
                connection.execute("SELECT pg_advisory_unlock(%s)", (CREATION,))
        except BaseException:
            connection.close()
            raise
        return connection

    def _dialect(self, sql: str) -> str:
        return sql if self.path is not None else re.sub(r":(\w+)", r"%(\1)s", sql)


def _sqlite(path: str, syncs: bool) -> _Connection:
    file = Path(path)
    file.touch(MODE)
    if file.stat().st_mode & 0o077:
        file.chmod(MODE)
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    # Kept in the file: readers and the writer do not wait for each other.
    connection.execute("PRAGMA journal_mode = WAL")
    # Any commit survives the death of the process; the death of the machine, only one that was synced. The front door
    # need not wait for a disk: the worker takes an event up, and syncs, milliseconds later.
    connection.execute(f"PRAGMA synchronous = {'FULL' if syncs else 'NORMAL'}")
    # What is deleted is overwritten: nothing about a photo stays in the file's free pages.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _postgres(url: str) -> _Connection:
    import psycopg

    return psycopg.connect(url, autocommit=True, connect_timeout=int(BUSY))
