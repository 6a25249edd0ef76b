"""The webhook sender: delivers updates as Telegram does, and again until they are accepted.

The behaviour is that of https://github.com/tdlib/telegram-bot-api (WebhookActor.cpp): the updates of one chat wait for
each other; anything but 2xx is sent again, after one second at first and twice as long each time, or as Retry-After
says. Seconds are divided by `hurry`.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from tests.sandbox.telegram_world import Json, World, chat_of

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds, before `hurry`
WAITS_FOR_ANSWER = 60.0  # seconds


@dataclass(frozen=True)
class Delivery:
    """One POST of an update to the webhook. `status` is None when there was no answer."""

    update_id: int
    status: int | None
    seconds: float


class Webhook:
    """Where updates go, and the tasks that take them there."""

    def __init__(self, world: World, *, hurry: float = 50.0) -> None:
        self._world = world
        self.hurry = hurry
        self.url = ""
        self.secret = ""
        self.max_connections = 40
        self.last_error = ""
        self.last_error_date = 0
        self.deliveries: list[Delivery] = []
        # Faults: each update is sent so many times, and chats' updates overtake each other.
        self.copies = 1
        self.shuffled = False
        self._busy: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._changed = asyncio.Event()
        world.listeners.append(self.wake)

    def set(self, url: str, secret: str, max_connections: int) -> None:
        """Point the sender elsewhere; "" stops it."""
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self.last_error = ""
        self.wake()

    def wake(self) -> None:
        """Look for updates to send."""
        self._changed.set()

    async def run(self) -> None:
        """Send updates until cancelled."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAITS_FOR_ANSWER))
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                for update in self._ready():
                    task = asyncio.create_task(self._deliver(update))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._session.close()

    def _ready(self) -> list[Json]:
        """Choose the next update of each chat of which none is under way (all of them when shuffled)."""
        if not self.url:
            return []
        waiting = list(self._world.pending)
        if self.shuffled:
            random.shuffle(waiting)
        chosen = []
        for update in waiting:
            queue = update["update_id"] if self.shuffled else chat_of(update)
            if queue not in self._busy and len(self._busy) < self.max_connections:
                self._busy.add(queue)
                chosen.append(update)
        return chosen

    async def _deliver(self, update: Json) -> None:
        queue = update["update_id"] if self.shuffled else chat_of(update)
        wait = FIRST_WAIT
        try:
            while self.url:
                results = await asyncio.gather(*(self.post(update) for _ in range(self.copies)))
                if any(accepted for accepted, _ in results):
                    break
                asked = results[0][1]
                await asyncio.sleep((asked or wait) / self.hurry)
                if not asked:
                    wait = min(wait * 2, LONGEST_WAIT)
            if self.url and update in self._world.pending:
                self._world.pending.remove(update)
        finally:
            self._busy.discard(queue)
            self.wake()

    async def post(self, update: Json) -> tuple[bool, float]:
        """Send an update once; whether it was accepted, and the seconds of its Retry-After."""
        assert self._session is not None
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        start = time.monotonic()
        try:
            async with self._session.post(self.url, data=json.dumps(update), headers=headers) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            self._failed(update, None, start, "Webhook connection closed")
            return False, 0.0
        if 200 <= response.status <= 299:
            self.deliveries.append(Delivery(update["update_id"], response.status, time.monotonic() - start))
            return True, 0.0
        reason = HTTPStatus(response.status).phrase
        self._failed(update, response.status, start, f"Wrong response from the webhook: {response.status} {reason}")
        asked = response.headers.get("Retry-After", "")
        return False, float(asked) if asked.isdigit() else 0.0

    def _failed(self, update: Json, status: int | None, start: float, error: str) -> None:
        self.deliveries.append(Delivery(update["update_id"], status, time.monotonic() - start))
        self.last_error, self.last_error_date = error, int(time.time())
