"""Groups that became supergroups: they have another id from then on, and the allow-list has the old one."""

import logging
import time
from typing import Final

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import ChatMigrated, TelegramError

log = logging.getLogger(__name__)

ASK_AGAIN: Final = 600.0  # seconds
# Ids of plain groups are above those of supergroups and channels (https://core.telegram.org/api/bots/ids).
_SUPERGROUPS_BELOW: Final = -1_000_000_000_000


class Migrations:
    """Learns from Telegram what became of the groups on the allow-list; it keeps that in this process."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._plain = {int(chat) for chat in allowed if _is_plain_group(chat)}
        self._became: dict[int, int] = {}
        self._asked = float("-inf")

    async def was_allowed(self, chat: int, bot: Bot) -> bool:
        """Whether this supergroup was a group on the allow-list."""
        if chat > _SUPERGROUPS_BELOW:
            return False
        open_questions = self._plain - self._became.keys()
        if chat not in self._became.values() and open_questions and time.monotonic() - self._asked > ASK_AGAIN:
            self._asked = time.monotonic()
            for group in open_questions:
                await self._ask(group, bot)
        return chat in self._became.values()

    async def _ask(self, group: int, bot: Bot) -> None:
        """Ask for what costs nothing and wants a group that can be written in: one that has moved says where."""
        try:
            await bot.send_chat_action(group, ChatAction.TYPING)
        except ChatMigrated as moved:
            self._became[group] = moved.new_chat_id
            log.warning(
                "a group became a supergroup: put %d in the place of %d in ALLOWED_TELEGRAM_CHATS",
                moved.new_chat_id,
                group,
            )
        except TelegramError as error:
            log.info("nothing is known of a group", extra={"chat": group, "reason": type(error).__name__})


def _is_plain_group(chat: str) -> bool:
    try:
        return _SUPERGROUPS_BELOW < int(chat) < 0
    except ValueError:
        return False
