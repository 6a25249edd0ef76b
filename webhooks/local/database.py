"""One connection to the inbox's database, SQLite or Postgres, with the same SQL for both.

Plain DB-API and no SQLAlchemy, for the front door's cold start: sqlite3 takes 3 ms to import, SQLAlchemy 150 ms.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from webhooks.inbox import InboxError

# Seconds that a statement waits for another process's lock: less than the 3 s that Slack waits for an answer.
BUSY = 2.0
# Seconds between two tries. SQLite's own waiting grows to a tenth of a second, for locks that last a few milliseconds.
PAUSE = 0.002

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS events (
        id TEXT PRIMARY KEY,
        platform TEXT NOT NULL,
        chat TEXT NOT NULL,
        album TEXT,
        payload TEXT,
        arrived DOUBLE PRECISION NOT NULL,
        job TEXT,
        dispatched INTEGER NOT NULL DEFAULT 0,
        attempt INTEGER NOT NULL DEFAULT 0,
        finished DOUBLE PRECISION,
        failure TEXT
    )""",
    "CREATE INDEX IF NOT EXISTS events_to_dispatch ON events (arrived) WHERE dispatched = 0",
    "CREATE INDEX IF NOT EXISTS events_of_job ON events (job)",
    "CREATE INDEX IF NOT EXISTS events_of_album ON events (album) WHERE job IS NULL",
)

Row = tuple[Any, ...]


class Locked(InboxError):
    """Another process is writing to SQLite's file."""


class _Connection(Protocol):
    def execute(self, sql: Any, params: Any = ..., /) -> Any: ...  # noqa: ANN401 (two drivers' types)
    def close(self) -> None: ...


class Database:
    """Runs one statement at a time, each its own transaction; opens on first use and again after a failure."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.local = url.startswith("sqlite:///")
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
            except Exception as error:  # the drivers share no base class
                if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    raise Locked("the inbox's database stayed locked") from None
                self._close()
                raise InboxError(f"the inbox's database failed: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the connection; the next statement opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> _Connection:
        connection = _sqlite(self._url.removeprefix("sqlite:///")) if self.local else _postgres(self._url)
        for statement in SCHEMA:
            connection.execute(statement)
        return connection

    def _dialect(self, sql: str) -> str:
        return sql if self.local else re.sub(r":(\w+)", r"%(\1)s", sql)


def _sqlite(path: str) -> _Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    # Kept in the file, so that DBOS's connections have it too: readers and the writer do not wait for each other.
    connection.execute("PRAGMA journal_mode = WAL")
    # A commit survives the death of the process. For the death of the machine it waits for the next commit of DBOS,
    # which syncs the log for both: a tenth of a second, for a front door that never waits for a disk.
    connection.execute("PRAGMA synchronous = NORMAL")
    # What is deleted is overwritten: nothing about a photo stays in the file's free pages.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _postgres(url: str) -> _Connection:
    import psycopg

    return psycopg.connect(url, autocommit=True, connect_timeout=int(BUSY))
