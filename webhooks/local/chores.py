"""What a worker does besides: takes up what dead ones left, forgets, empties the log, says when photos wait long."""

import asyncio
import logging
import time

from webhooks.local.database import Database
from webhooks.local.dispatcher import Dispatcher
from webhooks.local.jobs import Jobs
from webhooks.local.slots import Slots

log = logging.getLogger(__name__)

ROUND = 1.0  # seconds
ADOPTION = 5.0  # seconds between two looks for what was left
FORGETTING = 3600.0  # seconds
WARNING = 60.0  # seconds between two warnings
LONG = 300.0  # seconds for which a photo may wait without a word


class Chores:
    """Each at its time; one that fails is tried again at the next."""

    def __init__(self, database: Database, jobs: Jobs, locks: Slots, dispatcher: Dispatcher, number: int) -> None:
        self._database, self._jobs, self._locks = database, jobs, locks
        self._dispatcher, self._number = dispatcher, number
        self._suspects: set[int] = set()

    async def run(self) -> None:
        """Do them until cancelled."""
        done = {self._adopt: -ADOPTION, self._forget: -FORGETTING, self._warn: -WARNING}
        every = {self._adopt: ADOPTION, self._forget: FORGETTING, self._warn: WARNING}
        while True:
            for chore, seconds in every.items():
                if time.monotonic() - done[chore] >= seconds:
                    done[chore] = time.monotonic()
                    try:
                        await chore()
                    except Exception as error:  # noqa: BLE001 (a database that is away for a while must not end the worker)
                        log.warning("the inbox failed", extra={"reason": type(error).__name__})
            await self._shed()
            await asyncio.sleep(ROUND)

    async def _adopt(self) -> None:
        """Give back what dead workers had in hand, and what this one lost sight of."""
        if not await asyncio.to_thread(self._locks.holds, self._number):
            # The connection that held the lock was cut. Until it is back, others see two dead looks apart.
            log.warning("took the worker's lock anew", extra={"taken": await self._take(self._number)})
        ask, owners = self._dispatcher.ask, await self._dispatcher.ask(self._jobs.owners)
        left = 0
        if self._number in owners:
            left += await ask(self._jobs.leave, self._number, self._dispatcher.in_hand)
        dead = {owner for owner in owners - {self._number} if await self._take(owner)}
        for owner in dead:
            if self._locks.certain or owner in self._suspects:
                left += await ask(self._jobs.leave, owner)
            await asyncio.to_thread(self._locks.release, owner)
        self._suspects = dead
        if left:
            log.info("took up what was left", extra={"jobs": left})
            self._dispatcher.wake()

    async def _take(self, number: int) -> bool:
        return await asyncio.to_thread(self._locks.take, number)

    async def _forget(self) -> None:
        await self._dispatcher.ask(self._jobs.forget)
        self._dispatcher.changed = True

    async def _warn(self) -> None:
        """Say it where photos wait long: whoever reads the log can do something about it."""
        backlog = await self._dispatcher.ask(self._jobs.backlog)
        age = 0.0 if backlog.oldest is None else time.time() - backlog.oldest
        if age >= LONG:
            log.warning("photos wait long", extra={"waiting": backlog.events, "oldest_seconds": round(age)})

    async def _shed(self) -> None:
        """Empty the log once what it tells of is answered: at most once a round, for it waits for the disk."""
        if self._dispatcher.changed:
            self._dispatcher.changed = not await self._dispatcher.ask(self._database.shed)
