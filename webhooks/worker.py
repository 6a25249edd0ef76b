"""The worker: takes events out of the inbox and hands them to Bolt and python-telegram-bot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bot.client import CaptionClient
from bot.journey import Journey
from bot.manners import Manners
from bot.settings import BotSettings
from bot.warmer import Warmer
from webhooks.inbox import Event, Platform
from webhooks.platforms import Desk, desks

SENDING = 1.0  # seconds for a connection and a request


class Worker:
    """Answers events with the framework of their platform; see `webhooks.attempts.Handler`."""

    def __init__(self, desks: dict[Platform, Desk], warmer: Warmer) -> None:
        self._desks = desks
        self._warmer = warmer

    def warm(self) -> None:
        """Ping the endpoint in the background: it is about to be needed."""
        self._warmer.warm()

    async def warmed(self) -> None:
        """Ping the endpoint and see the ping on its way, for a process that may be frozen in a moment."""
        self.warm()
        await self._warmer.wait(SENDING)

    async def rest(self) -> None:
        """Give up what runs in the background."""
        await self._warmer.aclose()

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


def __getattr__(name: str) -> object:
    """Build the Lambda handler for a runtime that asks for it, and for nobody else who imports this module."""
    if name != "handler":
        raise AttributeError(name)
    from webhooks.batch import open_batches

    return open_batches()
