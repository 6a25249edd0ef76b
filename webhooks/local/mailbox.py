"""The inbox on one machine, as the front door and the operator see it: a table of events."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

from webhooks.inbox import DAY, Event, Platform
from webhooks.local.address import check
from webhooks.local.bell import CHANNEL, bell
from webhooks.local.database import BUSY, PAUSE, Database, Locked

DEAD_LETTERS_KEPT = 14 * DAY

INSERT = (
    "INSERT INTO events (id, platform, workspace, chat, album, payload, arrived, job)"
    " VALUES (:id, :platform, :workspace, :chat, :album, :payload, :arrived, :job) ON CONFLICT (id) DO NOTHING"
)
# Postgres tells the workers once the transaction is done.
NOTIFYING = f"WITH kept AS ({INSERT} RETURNING 1) SELECT pg_notify('{CHANNEL}', '') FROM kept"  # noqa: S608 (both are ours)


@dataclass(frozen=True)
class DeadLetter:
    """An event that could not be answered: since when (epoch seconds), and why."""

    job: str
    chat: str
    died: float
    failure: str


@dataclass(frozen=True)
class Backlog:
    """What still has to be answered: how many events, and when the oldest of them came (epoch seconds)."""

    events: int
    oldest: float | None


class Mailbox:
    """The table of events. Its methods block for a few milliseconds, but for `put`, and raise InboxError."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = Database(url)
        self._bell = bell(self._database)

    def check(self) -> None:
        """Open the database, or make it. Raises SettingsError with a sentence."""
        check(self._database, self._url)

    async def put(self, event: Event) -> None:
        """Keep an event; see `webhooks.inbox.Inbox`."""
        if self._database.path is None:
            await asyncio.to_thread(self._database.run, NOTIFYING, _row(event))
            return
        # A tenth of a millisecond; a thread would take longer to wake up on a busy machine (4 ms were measured).
        end = time.monotonic() + BUSY
        while True:
            try:
                self._database.attempt(INSERT, _row(event))
            except Locked:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(PAUSE)
            else:
                self._bell.ring()
                return

    def waiting(self) -> list[str]:
        """List the ids of the events that nobody has taken up yet, in the order of their arrival."""
        rows = self._database.run(
            "SELECT id FROM events WHERE finished IS NULL AND owner IS NULL AND attempts = 0 ORDER BY number"
        )
        return [event for (event,) in rows]

    def backlog(self) -> Backlog:
        """Count the events that still have to be answered."""
        return backlog(self._database)

    def latest(self, platform: Platform) -> float | None:
        """When a platform's latest event of the last day came (epoch seconds); None when there was none."""
        found = self._database.run("SELECT MAX(arrived) FROM events WHERE platform = :name", {"name": platform})
        arrived: float | None = found[0][0]
        return arrived

    def dead(self) -> list[DeadLetter]:
        """List the dead letters, the oldest first."""
        rows = self._database.run(
            "SELECT job, MIN(chat), MIN(finished), MIN(failure) FROM events"
            " WHERE failure IS NOT NULL GROUP BY job ORDER BY MIN(finished)"
        )
        return [DeadLetter(*row) for row in rows]

    def retry(self, jobs: Iterable[str]) -> int:
        """Put dead letters back in the queue; the number of jobs that were found."""
        found = 0
        for job in jobs:
            rows = self._database.run(
                "UPDATE events SET finished = NULL, failure = NULL, apology = NULL, owner = NULL, due = 0,"
                " attempts = 0 WHERE job = :job AND failure IS NOT NULL RETURNING id",
                {"job": job},
            )
            found += bool(rows)
        self._bell.ring()
        return found

    def close(self) -> None:
        """Close the connection."""
        self._database.close()


def backlog(database: Database) -> Backlog:
    """See `Mailbox.backlog`."""
    return Backlog(*database.run("SELECT COUNT(*), MIN(arrived) FROM events WHERE finished IS NULL")[0])


def _row(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "platform": event.platform,
        # Where the platform has none, a chat stands for itself.
        "workspace": event.workspace or event.chat,
        "chat": event.chat,
        "album": event.album,
        "payload": json.dumps(event.payload),
        "arrived": time.time(),
        "job": None if event.album else event.id,
    }
