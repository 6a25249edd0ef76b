"""The inbox on one machine: events in a table, from the front door's insert to the reply."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

from webhooks.inbox import DAY, Event, Platform
from webhooks.local.database import BUSY, PAUSE, Database, Locked

DEAD_LETTERS_KEPT = 14 * DAY


INSERT = (
    "INSERT INTO events (id, platform, chat, album, payload, arrived, job)"
    " VALUES (:id, :platform, :chat, :album, :payload, :arrived, :job) ON CONFLICT (id) DO NOTHING"
)


@dataclass(frozen=True)
class Waiting:
    """A event that no workflow has been told of.

    `job` names the events that are answered together: None until an album is complete. `attempt` counts how often a
    dead letter was taken up again.
    """

    id: str
    chat: str
    album: str | None
    job: str | None
    attempt: int


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
        self._database = Database(url)

    async def put(self, event: Event) -> None:
        """Keep an event; see `webhooks.inbox.Inbox`."""
        if not self._database.local:
            await asyncio.to_thread(self._database.run, INSERT, _row(event))
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
                return

    def waiting(self, limit: int) -> list[Waiting]:
        """List events that no workflow has been told of, in the order of their arrival."""
        rows = self._database.run(
            "SELECT id, chat, album, job, attempt FROM events WHERE dispatched = 0 ORDER BY arrived LIMIT :limit",
            {"limit": limit},
        )
        return [Waiting(*row) for row in rows]

    def dispatched(self, event: str) -> None:
        """Note that a workflow knows of a event."""
        self._database.run("UPDATE events SET dispatched = 1 WHERE id = :id", {"id": event})

    def gather(self, album: str, job: str) -> bool:
        """Make one job of an album's events that are in none; whether it has any."""
        self._database.run(
            "UPDATE events SET job = :job WHERE album = :album AND job IS NULL", {"album": album, "job": job}
        )
        return bool(self.unanswered(job))

    def unanswered(self, job: str) -> list[Event]:
        """Read the events of a job that still have to be answered."""
        rows = self._database.run(
            "SELECT id, platform, chat, album, payload FROM events"
            " WHERE job = :job AND finished IS NULL ORDER BY arrived, id",
            {"job": job},
        )
        return [
            Event(event, platform, chat, album, json.loads(payload)) for event, platform, chat, album, payload in rows
        ]

    def finish(self, job: str) -> None:
        """Forget what a job's events said; their ids stay for a day, for the platforms deliver again for so long."""
        self._database.run(
            "UPDATE events SET payload = NULL, finished = :now, failure = NULL WHERE job = :job",
            {"job": job, "now": time.time()},
        )

    def mark_dead(self, job: str, failure: str) -> None:
        """Keep a job's events as dead letters."""
        self._database.run(
            "UPDATE events SET finished = :now, failure = :failure WHERE job = :job",
            {"job": job, "now": time.time(), "failure": failure},
        )

    def backlog(self) -> Backlog:
        """Count the events that still have to be answered."""
        return Backlog(*self._database.run("SELECT COUNT(*), MIN(arrived) FROM events WHERE finished IS NULL")[0])

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
                "UPDATE events SET finished = NULL, failure = NULL, dispatched = 0, attempt = attempt + 1"
                " WHERE job = :job AND failure IS NOT NULL RETURNING id",
                {"job": job},
            )
            found += bool(rows)
        return found

    def forget(self) -> None:
        """Delete what was answered a day ago, and dead letters that nobody took up for two weeks."""
        now = time.time()
        self._database.run(
            "DELETE FROM events WHERE failure IS NULL AND finished < :answered"
            " OR failure IS NOT NULL AND finished < :died",
            {"answered": now - DAY, "died": now - DEAD_LETTERS_KEPT},
        )

    def close(self) -> None:
        """Close the connection."""
        self._database.close()


def _row(event: Event) -> dict[str, object]:
    return {
        "id": event.id,
        "platform": event.platform,
        "chat": event.chat,
        "album": event.album,
        "payload": json.dumps(event.payload),
        "arrived": time.time(),
        "job": None if event.album else event.id,
    }
