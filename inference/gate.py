"""How many captions are computed at once, and how long the others may wait for their turn."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from common.contract import Code, Refused
from inference.captioner import Deadline

Result = TypeVar("Result")

PATIENCE = 5.0  # seconds; a chat's user would rather hear "busy" than nothing


class Gate:
    """`places` threads do the work; whoever finds no place free soon enough is told when to come back."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._pool = ThreadPoolExecutor(places, thread_name_prefix="captioner")
        self.waiting = 0
        self._typical = 0.1  # seconds of one piece of work, a moving average

    async def run(self, work: Callable[[], Result], deadline: Deadline) -> Result:
        """Do the work in a place of its own; raises `Refused` (`overloaded`) when none came free in time.

        A caller that is cancelled gives its turn back at once, but a place only when its thread is out of it.
        """
        await self._enter(min(PATIENCE, deadline.remaining() / 2))
        loop = asyncio.get_running_loop()
        started = loop.time()
        done = loop.run_in_executor(self._pool, work)

        def leave(done: asyncio.Future[Result]) -> None:
            self._leave(loop.time() - started)
            # Where nobody waits any more, nobody else takes note of how it ended.
            if not done.cancelled():
                done.exception()

        done.add_done_callback(leave)
        return await asyncio.shield(done)

    async def _enter(self, patience: float) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(patience):
                await self._places.acquire()
        except TimeoutError:
            wait = max(1, math.ceil(self.waiting * self._typical))
            raise Refused(
                Code.OVERLOADED,
                f"I am busy with other photos right now. Please try again in {wait} second{'s' * (wait > 1)}.",
                retry_after=wait,
            ) from None
        finally:
            self.waiting -= 1

    def _leave(self, seconds: float) -> None:
        self._typical += 0.2 * (seconds - self._typical)
        self._places.release()
