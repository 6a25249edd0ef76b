"""Who the bot answers, when, and how often."""

import time
from collections import OrderedDict
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from bot import messages
from bot.settings import BotSettings

Platform = Literal["slack", "telegram"]

# How many admitted events are remembered, so that an event which is tried again is not counted twice.
REMEMBERED = 10_000


class AccessPolicy:
    """The allow-lists, REPLY_IN_GROUPS, and the limit of photos a minute for each person (kept in this process)."""

    def __init__(self, settings: BotSettings) -> None:
        self._allowed = {"slack": settings.allowed_slack_teams, "telegram": settings.allowed_telegram_chats}
        self.outsiders = settings.slack_outsiders == "answered"
        self._always = settings.reply_in_groups == "always"
        self._rate = RateLimitItemPerMinute(settings.photos_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._admitted: OrderedDict[str, None] = OrderedDict()

    def allows(self, platform: Platform, *names: str) -> bool:
        """Whether this workspace (its Slack id, or its organisation's) or chat (Telegram chat id) may use the bot."""
        allowed = self._allowed[platform]
        return not allowed or not allowed.isdisjoint(names)

    def denial(self, platform: Platform, place: str) -> str:
        """Word the answer to a workspace or chat that is not on the allow-list (say it in private chats only)."""
        return messages.not_invited(place, f"ALLOWED_{'SLACK_TEAMS' if platform == 'slack' else 'TELEGRAM_CHATS'}")

    def replies(self, *, private: bool, mentioned: bool) -> bool:
        """Whether to answer a photo here: always in private, in groups as REPLY_IN_GROUPS says."""
        return private or mentioned or self._always

    async def too_many(self, platform: Platform, user: str, photos: int, event_id: str) -> str | None:
        """Count `photos` against this person's minute; the sentence to answer with when there is no room, else None.

        The same `event_id` is counted once, however often the inbox hands it in.
        """
        if event_id in self._admitted:
            return None
        cost = min(photos, self._rate.amount)
        if not await self._limiter.hit(self._rate, platform, user, cost=cost):
            window = await self._limiter.get_window_stats(self._rate, platform, user)
            return messages.slow_down(self._rate.amount, window.reset_time - time.time())
        self._admitted[event_id] = None
        if len(self._admitted) > REMEMBERED:
            self._admitted.popitem(last=False)
        return None
