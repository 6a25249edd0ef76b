"""What the endpoint last said of itself, asked for in the background."""

import asyncio
import threading
import time
from dataclasses import dataclass
from functools import cache

from bot.client import CaptionClient
from bot.settings import BotSettings
from common.contract import PingResponse


@dataclass(frozen=True)
class Health:
    """An answer to a ping, None where there was none, and when it came (`time.monotonic`)."""

    state: PingResponse | None
    at: float


class HealthMonitor:
    """Pings the endpoint, which warms it, in a thread: one ping at a time, however many pages are open."""

    def __init__(self, settings: BotSettings) -> None:
        self._settings = settings
        self._pinging = threading.Lock()
        self.last: Health | None = None
        self._began = 0.0

    @property
    def waiting(self) -> float:
        """For how many seconds a ping has been under way; 0 when there is none."""
        return time.monotonic() - self._began if self._pinging.locked() else 0.0

    def look(self, older_than: float = 0) -> None:
        """Ping, unless that is under way or was done less than so many seconds ago. Returns at once."""
        if self.last is not None and time.monotonic() - self.last.at < older_than:
            return
        if self._pinging.acquire(blocking=False):
            self._began = time.monotonic()
            threading.Thread(target=self._ping, name="monitor", daemon=True).start()

    def _ping(self) -> None:
        try:
            self.last = Health(asyncio.run(_ping(self._settings)), time.monotonic())
        finally:
            self._pinging.release()


async def _ping(settings: BotSettings) -> PingResponse | None:
    async with CaptionClient(settings) as client:
        return await client.ping()


@cache
def monitor(settings: BotSettings) -> HealthMonitor:
    """The monitor that a process has for these settings."""
    return HealthMonitor(settings)
