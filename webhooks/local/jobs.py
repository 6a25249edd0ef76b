"""The inbox on one machine, as a worker sees it: which jobs wait, taking one in hand, and noting how it went.

A job is what is answered together: one event, or the photos of an album. Of a chat's jobs only the oldest is ready.
Whatever is noted, is noted for jobs that this worker has in hand.
"""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass

from webhooks.attempts import LONGEST_WAIT
from webhooks.inbox import DAY, Event
from webhooks.local.database import Database
from webhooks.local.mailbox import DEAD_LETTERS_KEPT, Backlog, backlog

# One chat after the other by the index, however many events wait behind the oldest of each.
READY = """
    WITH RECURSIVE chats(chat) AS (
        SELECT MIN(chat) FROM events WHERE finished IS NULL AND job IS NOT NULL
        UNION ALL
        SELECT (SELECT MIN(e.chat) FROM events e WHERE e.finished IS NULL AND e.job IS NOT NULL AND e.chat > chats.chat)
        FROM chats WHERE chats.chat IS NOT NULL
    )
    SELECT job, platform, workspace, number, attempts FROM events WHERE number IN (
        SELECT (SELECT MIN(e.number) FROM events e
                WHERE e.chat = chats.chat AND e.finished IS NULL AND e.job IS NOT NULL)
        FROM chats WHERE chats.chat IS NOT NULL
    ) AND owner IS NULL AND (due <= :now OR due > :far)
    UNION ALL
    SELECT job, MIN(platform), MIN(workspace), MIN(number), MIN(attempts) FROM events
    WHERE apology IS NOT NULL AND owner IS NULL AND (due <= :now OR due > :far) GROUP BY job
    ORDER BY 4
"""
MINE = "job = :job AND owner = :owner"


@dataclass(frozen=True)
class Waiting:
    """A job that can be taken in hand: an event's `number` grows with its arrival; so many `attempts` failed."""

    job: str
    platform: str
    workspace: str
    number: int
    attempts: int

    @property
    def tried(self) -> bool:
        """Whether it failed before."""
        return self.attempts > 0


@dataclass(frozen=True)
class Job:
    """A job in hand. `attempt` counts, this one included; with an `apology` that is all there is left to say."""

    id: str
    attempt: int
    apology: str | None
    events: list[Event]


@dataclass(frozen=True)
class Album:
    """An album of which photos may still come, and the number of the photo that came last."""

    name: str
    latest: int


class Jobs:
    """The jobs, for the worker of a number. The methods block for milliseconds, and raise InboxError."""

    def __init__(self, database: Database, owner: int) -> None:
        self._database = database
        self._owner = owner

    def ready(self) -> list[Waiting]:
        """List the jobs that may be taken in hand now, the oldest first.

        What is due in more time than ever is waited for was put off by a clock that has been set back since.
        """
        now = time.time()
        rows = self._database.run(READY, {"now": now, "far": now + LONGEST_WAIT})
        return [Waiting(*row) for row in rows]

    def albums(self) -> list[Album]:
        """List the albums that are no jobs yet."""
        rows = self._database.run("SELECT album, MAX(number) FROM events WHERE job IS NULL GROUP BY album")
        return [Album(*row) for row in rows]

    def gather(self, album: str) -> None:
        """Make one job of the photos of an album that are in none."""
        self._database.run(
            "UPDATE events SET job = (SELECT MIN(e.id) FROM events e WHERE e.album = :album AND e.job IS NULL)"
            " WHERE album = :album AND job IS NULL",
            {"album": album},
        )

    def take(self, waiting: Waiting) -> Job | None:
        """Take a job in hand; None when somebody else was faster."""
        rows = self._database.run(
            "UPDATE events SET owner = :owner, attempts = attempts + 1"
            " WHERE job = :job AND owner IS NULL AND (finished IS NULL OR apology IS NOT NULL)"
            " RETURNING number, id, platform, workspace, chat, album, payload, attempts, apology",
            {"job": waiting.job, "owner": self._owner},
        )
        if not rows:
            return None
        events = [
            Event(event, platform, chat, album, json.loads(payload), workspace)
            for _, event, platform, workspace, chat, album, payload, *_ in sorted(rows)
        ]
        attempt, apology = rows[0][-2:]
        return Job(waiting.job, attempt, apology, events)

    def answered(self, job: Job) -> None:
        """Forget what a job's events said; their ids stay for a day, for the platforms deliver again for so long."""
        self._note(job, "payload = NULL, finished = :now, owner = NULL")

    def put_off(self, job: Job, seconds: float) -> None:
        """Give a job back, not to be taken in hand for so many seconds."""
        self._note(job, "owner = NULL, due = :now + :seconds", seconds=seconds)

    def due(self, job: str) -> None:
        """Let a job be due that was put off: its time is over, whatever the clock says."""
        self._database.run("UPDATE events SET due = 0 WHERE job = :job AND owner IS NULL AND due > 0", {"job": job})

    def died(self, job: Job, failure: str, apology: str) -> None:
        """Keep a job's events as dead letters for which an apology is owed; that begins with a first attempt."""
        self._note(
            job,
            "finished = :now, failure = :failure, apology = :apology, owner = NULL, due = 0, attempts = 0",
            failure=failure,
            apology=apology,
        )

    def apologised(self, job: Job) -> None:
        """Note that nothing more is to be said about a dead letter."""
        self._note(job, "apology = NULL, owner = NULL")

    def _note(self, job: Job, change: str, **values: object) -> None:
        known = {"job": job.id, "owner": self._owner, "now": time.time()}
        self._database.run(f"UPDATE events SET {change} WHERE {MINE}", known | values)  # noqa: S608 (both are ours)

    def owners(self) -> set[int]:
        """Name the workers that have jobs in hand, this one perhaps among them."""
        return {owner for (owner,) in self._database.run("SELECT DISTINCT owner FROM events WHERE owner IS NOT NULL")}

    def leave(self, owner: int, but: Collection[str] = ()) -> int:
        """Give back what a worker has in hand, but for some jobs; how many events that were."""
        rows = self._database.run("SELECT DISTINCT job FROM events WHERE owner = :owner", {"owner": owner})
        left = [job for (job,) in rows if job not in but]
        for job in left:
            self._database.run(
                "UPDATE events SET owner = NULL WHERE job = :job AND owner = :owner", {"job": job, "owner": owner}
            )
        return len(left)

    def backlog(self) -> Backlog:
        """Count the events that still have to be answered."""
        return backlog(self._database)

    def forget(self) -> None:
        """Delete what was answered a day ago, and dead letters that nobody took up for two weeks."""
        now = time.time()
        self._database.run(
            "DELETE FROM events WHERE failure IS NULL AND finished < :answered"
            " OR failure IS NOT NULL AND finished < :died",
            {"answered": now - DAY, "died": now - DEAD_LETTERS_KEPT},
        )
