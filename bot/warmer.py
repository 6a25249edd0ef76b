"""Background pings: the endpoint loads its model while the bot does something else."""

import asyncio

from bot.client import CaptionClient
from common.contract import PingResponse

CONNECTING = 0.1  # seconds


class Warmer:
    """Sends a ping without making anybody wait; one at a time, since a second one would warm nothing more."""

    def __init__(self, client: CaptionClient) -> None:
        self._client = client
        self._ping: asyncio.Task[PingResponse | None] | None = None

    def warm(self) -> None:
        """Ping in the background. Call it within a running event loop; it returns at once and never raises."""
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._client.ping())

    async def wait(self, seconds: float) -> None:
        """Wait for the ping that is under way, but no longer than so many seconds."""
        if self._ping is not None:
            await asyncio.wait([self._ping], timeout=seconds)

    async def aclose(self) -> None:
        """Give up a ping that is under way."""
        if self._ping is not None:
            # asyncio loses, and does not close, a connection that comes about in the moment of a cancellation.
            await self.wait(CONNECTING)
            self._ping.cancel()
            await asyncio.gather(self._ping, return_exceptions=True)
