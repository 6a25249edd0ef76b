"""Speaking in a chat: replies, and the typing indicator while a caption is being made."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from telegram import Bot, Message, ReplyParameters
from telegram.constants import ChatAction, MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError
from telegram.ext import AIORateLimiter

from bot.errors import TryAgain

log = logging.getLogger(__name__)

# A typing action is shown for five seconds (https://core.telegram.org/bots/api#sendchataction).
TYPING_EVERY: Final = 4.5
# Requests that Telegram answers with "retry after" are sent again so many times before the inbox takes over.
FLOOD_RETRIES: Final = 2


Answer = bool | dict[str, Any] | list[dict[str, Any]]


class Limiter(AIORateLimiter):
    """Keeps to Telegram's limits for messages; typing actions must not use up a group's twenty messages a minute."""

    def __init__(self) -> None:
        super().__init__(max_retries=FLOOD_RETRIES)

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,  # noqa: ANN401 (the base class's)
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Answer:
        """Send a request when there is room for it."""
        if endpoint == "sendChatAction":
            return await callback(*args, **kwargs)
        return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)


def topic_of(message: Message) -> int | None:
    """Find the topic to answer in. Outside forums a thread id only marks a chain of replies, and is refused."""
    return message.message_thread_id if message.is_topic_message else None


async def reply(bot: Bot, message: Message, text: str, *, to: int | None = None) -> None:
    """Answer a message (or the message `to` of the same chat), in its topic; if it is gone, without a reference.

    A chat that does not let the bot write is final: that is logged, and not an error. Raises TryAgain when Telegram
    could not be reached.
    """
    try:
        await _send(bot, message, message.chat_id, text, to)
    except ChatMigrated as moved:
        await _send(bot, message, moved.new_chat_id, text, to)
    except (Forbidden, BadRequest) as error:
        log.warning("the chat takes no answer", extra={"chat": message.chat_id, "reason": error.message})
    except TelegramError as error:
        raise TryAgain(f"sendMessage failed: {type(error).__name__}") from None


async def _send(bot: Bot, message: Message, chat: int, text: str, to: int | None) -> None:
    await bot.send_message(
        chat,
        text[: MessageLimit.MAX_TEXT_LENGTH],
        message_thread_id=topic_of(message),
        reply_parameters=ReplyParameters(to or message.message_id, allow_sending_without_reply=True),
    )


@asynccontextmanager
async def typing(bot: Bot, message: Message) -> AsyncIterator[None]:
    """Show in the message's chat that the bot is at work, until the block ends."""
    task = asyncio.create_task(_keep_typing(bot, message))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _keep_typing(bot: Bot, message: Message) -> None:
    while True:
        # An ornament: whatever is wrong with the chat, the answer itself will meet it.
        with suppress(TelegramError):
            await bot.send_chat_action(message.chat_id, ChatAction.TYPING, message_thread_id=topic_of(message))
        await asyncio.sleep(TYPING_EVERY)
