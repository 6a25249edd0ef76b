"""The worker on one machine: takes jobs in hand as they come due, each in a task of its own, until it is told to stop.

A wait is no work: whoever has to come again later gives its place back, and the inbox keeps when. What was answered is
remembered here until the inbox has taken note of it, however long that takes.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from bot.attempt import Tidying
from bot.errors import GiveUp, TryAgain
from webhooks.attempts import Handler, answer, apologise, sentence_of, tidy, wait_after
from webhooks.inbox import InboxError
from webhooks.local.gathering import Gathering
from webhooks.local.jobs import Job, Jobs, Waiting
from webhooks.local.shares import MOMENT, Shares

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two looks where nothing rings: at what other clocks and workers have made due
PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before something is noted again, and between two looks at an inbox that fails
FAREWELL = 2.0  # seconds in which what was cancelled has to end

T = TypeVar("T")
Note = Callable[[], None]


class Dispatcher:
    """What this worker has in hand and what it waits for. All of it is used within one event loop."""

    def __init__(self, jobs: Jobs, handler: Handler, *, at_once: int, attempts: int, quiet: float) -> None:
        """`at_once` jobs are in work, each with so many `attempts`; `quiet` seconds complete an album."""
        self._jobs, self._handler, self._attempts = jobs, handler, attempts
        self._shares = Shares(at_once)
        self._gathering = Gathering(quiet)
        self._bell = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.in_hand: set[str] = set()
        # Jobs that were put off, with the moment at which they are due by the monotonic clock, and by the other.
        self._put_off: dict[str, tuple[float, float]] = {}
        # One thread for all that the database does: it does one thing at a time anyway.
        self._thread = ThreadPoolExecutor(1, "inbox")
        self.changed = False

    def wake(self) -> None:
        """Have it look at once."""
        self._bell.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take jobs in hand until `stop` is set."""
        pause = PAUSE
        while not stop.is_set():
            self._bell.clear()
            try:
                await self._look(stop)
            except Exception as error:  # noqa: BLE001 (a database that is away for a while must not end the worker)
                log.warning("the inbox failed", extra={"reason": _reason(error)})
                pause = min(2 * pause, LONGEST_PAUSE)
                await _first(stop.wait(), pause)
            else:
                pause = PAUSE
                await _first(self._bell.wait(), self._rest())

    async def drain(self, seconds: float) -> None:
        """Let what is in hand end within so many seconds; the rest is given up, and left to whoever comes next."""
        if self._tasks:
            log.info("finishing", extra={"in_hand": len(self._tasks)})
            await asyncio.wait(self._tasks, timeout=seconds)
        await self.abandon()

    async def abandon(self) -> None:
        """Cancel what is in hand."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            log.warning("stopped over unfinished work", extra={"in_hand": len(self._tasks)})
            await asyncio.wait(self._tasks, timeout=FAREWELL)

    async def ask(self, work: Callable[..., T], *arguments: object) -> T:
        """Do something with the database, in its thread. Raises InboxError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments))

    async def _look(self, stop: asyncio.Event) -> None:
        now = time.monotonic()
        for job, (due, date) in list(self._put_off.items()):
            if due <= now:
                if date > time.time():  # the clock was set back
                    await self.ask(self._jobs.due, job)
                self._put_off.pop(job, None)
        for album in self._gathering.complete(await self.ask(self._jobs.albums)):
            await self.ask(self._jobs.gather, album)
        ready = [
            waiting
            for waiting in await self.ask(self._jobs.ready)
            if waiting.job not in self.in_hand and waiting.job not in self._put_off
        ]
        while not stop.is_set() and (chosen := self._shares.choose(ready)) is not None:
            ready.remove(chosen)
            await self._take(chosen)

    def _rest(self) -> float:
        """Seconds until there may be something to do."""
        moments = [due for due, _ in self._put_off.values()]
        if (gathered := self._gathering.next()) is not None:
            moments.append(gathered)
        return max(0.0, min([LOOK, *(moment - time.monotonic() for moment in moments)]))

    async def _take(self, waiting: Waiting) -> None:
        # Before anybody could take it for something that this worker lost sight of.
        self.in_hand.add(waiting.job)
        job = None
        try:
            job = await self.ask(self._jobs.take, waiting)
        finally:
            if job is None:
                self.in_hand.discard(waiting.job)
        if job is not None:
            self._begin(waiting, job)

    def _begin(self, waiting: Waiting, job: Job) -> None:
        self._shares.begin(job.id, waiting)
        task = asyncio.create_task(self._work(job))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, job))

    def _ended(self, job: Job, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # Whatever became of it: what is still noted as in this worker's hands is taken up again, see `Chores`.
        self.in_hand.discard(job.id)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("failed", extra={"request_id": job.events[0].id, "reason": type(error).__name__})

    async def _work(self, job: Job) -> None:
        moment = asyncio.get_running_loop().call_later(MOMENT, self._late, job.id)
        try:
            note, left = await self._attempt(job)
        finally:
            moment.cancel()
            self._shares.end(job.id)
            self.wake()
        await self._noted(note, job.events[0].id)
        self.in_hand.discard(job.id)
        self.changed = True
        self.wake()
        await tidy(left, job.events[0].id)

    def _late(self, job: str) -> None:
        self._shares.late(job)
        self.wake()

    async def _attempt(self, job: Job) -> tuple[Note, list[Tidying]]:
        """Do what is to be done for a job; returns what is to be noted, and what is left for after that."""
        if job.attempt > self._attempts:
            # Whatever killed the worker each time is not tried again.
            return self._failed(job, TryAgain("no attempt came to its end")), []
        try:
            if job.apology is None:
                return partial(self._jobs.answered, job), await answer(self._handler, job.events, job.attempt)
            return partial(self._jobs.apologised, job), await apologise(
                self._handler, job.events, job.apology, job.attempt
            )
        except (TryAgain, GiveUp) as failed:
            return self._failed(job, failed), []

    def _failed(self, job: Job, error: TryAgain | GiveUp) -> Note:
        known = {"request_id": job.events[0].id, "reason": error.reason}
        if job.attempt < self._attempts and isinstance(error, TryAgain):
            seconds = wait_after(error, job.attempt)
            self._put_off[job.id] = time.monotonic() + seconds, time.time() + seconds
            return partial(self._jobs.put_off, job, seconds)
        if job.apology is None:
            log.error("kept as a dead letter", extra=known)
            return partial(self._jobs.died, job, *sentence_of(error))
        log.warning("no apology", extra=known)
        return partial(self._jobs.apologised, job)

    async def _noted(self, note: Note, request_id: str) -> None:
        """Have the inbox take note, as soon as it can: only that is tried again."""
        pause = PAUSE
        while True:
            try:
                return await self.ask(note)
            except Exception as error:  # noqa: BLE001 (whatever it is: the reply is there, and must not be said again)
                log.warning("not noted yet", extra={"request_id": request_id, "reason": _reason(error)})
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)


def _reason(error: Exception) -> str:
    """Say what failed: an InboxError's words hold no secret."""
    return str(error) if isinstance(error, InboxError) else type(error).__name__


async def _first(event: Awaitable[object], seconds: float) -> None:
    """Wait for something, but not longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event
    except TimeoutError:
        pass
