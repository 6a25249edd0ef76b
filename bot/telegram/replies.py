"""Speaking in a chat: replies, and the typing indicator while a caption is being made."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from telegram import (
    Bot,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
    MessageEntity,
    ReplyParameters,
)
from telegram.constants import ChatAction, MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError
from telegram.ext import AIORateLimiter

from bot import messages
from bot.errors import TryAgain

log = logging.getLogger(__name__)

# A typing action is shown for five seconds (https://core.telegram.org/bots/api#sendchataction).
TYPING_EVERY: Final = 4.5
# Seconds. Who has to wait longer, for Telegram's "retry after", comes again later and waits elsewhere.
SHORT: Final = 1.0


Answer = bool | dict[str, Any] | list[dict[str, Any]]


class Limiter(AIORateLimiter):
    """Keeps to Telegram's limits for messages; typing actions must not use up a group's twenty messages a minute.

    Its base would have every chat wait while one is told to: a flood is the business of the chat that it is in.
    """

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        # It logs what it raises, with a traceback.
        logging.getLogger("telegram.ext.AIORateLimiter").setLevel(logging.CRITICAL)

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
        try:
            return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
        except RetryAfter as flood:
            if seconds_of(flood) > SHORT:
                raise
            await asyncio.sleep(seconds_of(flood))
        return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)


def seconds_of(flood: RetryAfter) -> float:
    """Read how long Telegram wants to be left alone by a chat."""
    after = flood.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def failed(method: str, error: TelegramError) -> TryAgain:
    """Say that a call of the Bot API failed, and when it is worth another try."""
    if isinstance(error, RetryAfter):
        return TryAgain(f"{method}: too many requests", after=seconds_of(error))
    return TryAgain(f"{method} failed: {type(error).__name__}")


@dataclass(frozen=True)
class Said:
    """What is said, and which parts of it (in UTF-16 code units: offset, length) show only to who taps on them."""

    text: str
    spoilers: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, lines: Sequence[str], hidden: Sequence[bool]) -> Self:
        """Join lines of which some are hidden."""
        spoilers, start = [], 0
        for line, hides in zip(lines, hidden, strict=True):
            length = _units(line)
            if hides:
                spoilers.append((start, length))
            start += length + 1
        return cls("\n".join(lines), tuple(spoilers))

    @property
    def entities(self) -> list[MessageEntity] | None:
        """The spoilers as Telegram takes them, within what is sent of the text."""
        end = _units(self.sent)
        return [
            MessageEntity(MessageEntity.SPOILER, offset, min(length, end - offset))
            for offset, length in self.spoilers
            if offset < end
        ] or None

    @property
    def sent(self) -> str:
        """As much of the text as Telegram takes."""
        return self.text[: MessageLimit.MAX_TEXT_LENGTH]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


async def reply(bot: Bot, message: Message, said: Said | str, *, to: int | None = None) -> None:
    """Answer a message (or the message `to` of the same chat), in its topic; if it is gone, without a reference.

    A chat that does not let the bot write is final: that is logged, and not an error. Raises TryAgain when Telegram
    could not be reached.
    """
    said = Said(said) if isinstance(said, str) else said
    with _final(message.chat_id, "sendMessage"):
        try:
            await _send(bot, message, message.chat_id, said, to)
        except ChatMigrated as moved:
            await _send(bot, message, moved.new_chat_id, said, to)


async def answer_guest(bot: Bot, message: Message, said: Said | str) -> None:
    """Answer somebody who called the bot where it is no member; once, and for as long as Telegram waits for it.

    Raises TryAgain when Telegram could not be reached.
    """
    said = Said(said) if isinstance(said, str) else said
    content = InputTextMessageContent(said.sent, entities=said.entities)
    with _final(message.chat_id, "answerGuestQuery"):
        await bot.answer_guest_query(
            message.guest_query_id or "", InlineQueryResultArticle("caption", messages.GUEST_TITLE, content)
        )


@contextmanager
def _final(chat: int, method: str) -> Iterator[None]:
    try:
        yield
    except (Forbidden, BadRequest, ChatMigrated) as error:
        log.warning("the chat takes no answer", extra={"chat": chat, "reason": error.message})
    except TelegramError as error:
        raise failed(method, error) from None


async def _send(bot: Bot, message: Message, chat: int, said: Said, to: int | None) -> None:
    topic = message.direct_messages_topic
    await bot.send_message(
        chat,
        said.sent,
        entities=said.entities,
        direct_messages_topic_id=topic.topic_id if topic else None,
        message_thread_id=_thread_of(message),
        reply_parameters=ReplyParameters(to or message.message_id, allow_sending_without_reply=True),
    )


def _thread_of(message: Message) -> int | None:
    """Find the topic to answer in. Outside forums a thread id only marks a chain of replies, and is refused."""
    return message.message_thread_id if message.is_topic_message and not message.direct_messages_topic else None


@asynccontextmanager
async def typing(bot: Bot, message: Message) -> AsyncIterator[None]:
    """Show in the message's chat that the bot is at work, until the block ends."""
    if message.chat.is_direct_messages:  # where people write to a channel, Telegram shows no such thing
        yield
        return
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
            await bot.send_chat_action(message.chat_id, ChatAction.TYPING, message_thread_id=_thread_of(message))
        await asyncio.sleep(TYPING_EVERY)
