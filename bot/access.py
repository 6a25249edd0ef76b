"""Who the bot answers, when, and how often."""

import time
from collections import OrderedDict, deque
from typing import Literal

from bot import messages
from bot.settings import BotSettings

Platform = Literal["slack", "telegram"]

MINUTE = 60.0  # seconds
# How many people are remembered, and how many admitted events, lest one that is tried again be counted twice.
REMEMBERED = 10_000


class AccessPolicy:
    """The allow-lists, REPLY_IN_GROUPS, and the limit of photos a minute for each person (kept in this process)."""

    def __init__(self, settings: BotSettings) -> None:
        self._allowed = {"slack": settings.allowed_slack_teams, "telegram": settings.allowed_telegram_chats}
        self.outsiders = settings.slack_outsiders == "answered"
        self._always = settings.reply_in_groups == "always"
        self._limit = settings.photos_per_minute
        # When each person's last photos came, by the clock that nobody can set: libraries for this use the other.
        self._photos: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
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
        now, cost = time.monotonic(), min(photos, self._limit)
        sent = self._photos.setdefault((platform, user), deque())
        self._photos.move_to_end((platform, user))
        if len(self._photos) > REMEMBERED:
            self._photos.popitem(last=False)
        while sent and sent[0] <= now - MINUTE:
            sent.popleft()
        if (over := len(sent) + cost - self._limit) > 0:
            return messages.slow_down(self._limit, sent[over - 1] + MINUTE - now)
        sent.extend([now] * cost)
        self._admitted[event_id] = None
        if len(self._admitted) > REMEMBERED:
            self._admitted.popitem(last=False)
        return None
