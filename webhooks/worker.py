"""The worker: takes events out of the inbox and hands them to Bolt and python-telegram-bot."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bot.client import CaptionClient
from bot.journey import Journey
from bot.manners import Manners
from bot.settings import BotSettings
from bot.warmer import Warmer
from webhooks.durable import Durable
from webhooks.inbox import Event, Platform
from webhooks.jobs import Handler, Jobs
from webhooks.mailbox import Mailbox
from webhooks.platforms import Desk, desks

log = logging.getLogger(__name__)

LOOK = 0.1  # seconds between two looks at the mailbox
BATCH = 100  # letters taken from it at a look
ADOPTION = 5.0  # seconds between two looks for what dead workers left
HOUSEKEEPING = 3600.0  # seconds


class Worker:
    """Answers events with the framework of their platform; see `webhooks.jobs.Handler`."""

    def __init__(self, desks: dict[Platform, Desk], warmer: Warmer) -> None:
        self._desks = desks
        self._warmer = warmer

    def warm(self) -> None:
        """Ping the endpoint in the background: it is about to be needed."""
        self._warmer.warm()

    async def answer(self, events: Sequence[Event]) -> None:
        """Answer the events of one job. Raises whatever the platform's handlers raise."""
        self.warm()
        await self._desk(events).answer([event.payload for event in events])

    async def apologise(self, events: Sequence[Event], sentence: str) -> None:
        """Say once that there will be no answer."""
        await self._desk(events).apologise(events[0].payload, sentence)

    def _desk(self, events: Sequence[Event]) -> Desk:
        return self._desks[events[0].platform]


@asynccontextmanager
async def worker(settings: BotSettings) -> AsyncIterator[Worker]:
    """Open the caption client and the platforms' apps, and close them in the end."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(CaptionClient(settings))
        warmer = Warmer(client)
        stack.push_async_callback(warmer.aclose)
        opened = desks(settings, Journey(settings, client, warmer), Manners(settings), warmer)
        for desk in opened.values():
            stack.push_async_callback(desk.aclose)
        yield Worker(opened, warmer)


async def work(settings: BotSettings, handler: Handler) -> None:
    """Carry letters from the inbox to a handler until cancelled."""
    url = settings.inbox_url.get_secret_value()
    mailbox = Mailbox(url)
    durable = Durable(
        url,
        mailbox,
        Jobs(mailbox, handler),
        at_once=settings.worker_concurrency,
        attempts=settings.attempts,
        quiet=settings.album_quiet,
    )
    async with durable, asyncio.TaskGroup() as group:
        group.create_task(_every(LOOK, lambda: _carry(mailbox, durable)))
        group.create_task(_every(ADOPTION, durable.adopt))
        group.create_task(_every(HOUSEKEEPING, durable.forget))


async def _carry(mailbox: Mailbox, durable: Durable) -> None:
    for letter in await asyncio.to_thread(mailbox.waiting, BATCH):
        await durable.hand(letter)
        await asyncio.to_thread(mailbox.handed, letter.id)


async def _every(seconds: float, task: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await task()
        except Exception as error:  # noqa: BLE001 (a database that is away for a while must not end the worker)
            log.warning("the inbox failed", extra={"reason": type(error).__name__})
            await asyncio.sleep(1)
        await asyncio.sleep(seconds)
