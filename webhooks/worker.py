"""The worker: takes events out of the inbox and hands them to Bolt and python-telegram-bot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bot.access import AccessPolicy
from bot.client import CaptionClient
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.warmer import Warmer
from webhooks.adapters import Adapter, adapters
from webhooks.inbox import Event, Platform

SENDING = 1.0  # seconds for a connection and a request


class Worker:
    """Answers events with the framework of their platform; see `webhooks.attempts.Handler`."""

    def __init__(self, adapters: dict[Platform, Adapter], warmer: Warmer) -> None:
        self._adapters = adapters
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
        await self._adapter(events).answer([event.payload for event in events])

    async def apologise(self, events: Sequence[Event], sentence: str) -> None:
        """Say once that there will be no answer."""
        await self._adapter(events).apologise(events[0].payload, sentence)

    def _adapter(self, events: Sequence[Event]) -> Adapter:
        return self._adapters[events[0].platform]


@asynccontextmanager
async def worker(settings: BotSettings) -> AsyncIterator[Worker]:
    """Open the caption client and the platforms' apps, and close them in the end."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(CaptionClient(settings))
        warmer = Warmer(client)
        stack.push_async_callback(warmer.aclose)
        opened = adapters(settings, Pipeline(settings, client, warmer), AccessPolicy(settings), warmer)
        for adapter in opened.values():
            stack.push_async_callback(adapter.aclose)
        yield Worker(opened, warmer)
