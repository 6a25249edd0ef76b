"""The Telegram bot: python-telegram-bot's Application, fed by the inbox one update at a time."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from telegram import ReplyParameters, Update
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    ExtBot,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.request import HTTPXRequest

from bot import messages
from bot.access import AccessPolicy
from bot.errors import GiveUp, TryAgain
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.telegram.addressing import MENTIONING, PICTURED
from bot.telegram.answers import Album, Answers
from bot.telegram.files import Files
from bot.telegram.replies import Limiter, failed
from bot.telegram.updates import essentials
from bot.warmer import Warmer
from common.proxies import direct

log = logging.getLogger(__name__)

# Long enough that a message whose arrival is in doubt is rare: it would be sent a second time.
ANSWER_WITHIN = 30.0  # seconds

_Base = Application[ExtBot[Any], ContextTypes.DEFAULT_TYPE, dict[Any, Any], dict[Any, Any], dict[Any, Any], None]


class TelegramApp(_Base):
    """An Application whose handlers' errors come out of `process_update`, so that the inbox can try again."""

    answers: Answers
    files: Files

    def __init__(self, **parts: Any) -> None:  # noqa: ANN401 (the builder's)
        super().__init__(**parts)
        self._starting = asyncio.Lock()

    async def initialize(self) -> None:
        """Ask Telegram who this bot is, once. Raises TryAgain."""
        async with self._starting:
            try:
                await super().initialize()
            except InvalidToken:
                # Its text contains the token.
                raise TryAgain("Telegram does not accept TELEGRAM_BOT_TOKEN") from None
            except TelegramError as error:
                raise failed("getMe", error) from None

    async def process_error(self, update: object, error: Exception, *_: object, **__: object) -> bool:  # noqa: ARG002 (the framework's signature)
        """Pass on what a handler raised."""
        raise error

    async def shutdown(self) -> None:
        """Close every connection, those of an Application that could not initialise included."""
        await super().shutdown()
        await self.bot.shutdown()
        await self.files.aclose()


def build(settings: BotSettings, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer) -> TelegramApp:
    """Put the bot together; nothing is sent before the first update. TELEGRAM_BOT_TOKEN must be set."""
    if settings.telegram_bot_token is None:
        raise ValueError("TELEGRAM_BOT_TOKEN is not set")
    # Every URL of the Bot API contains the token: httpx logs them at INFO, python-telegram-bot at DEBUG.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.INFO)
    token = settings.telegram_bot_token.reveal()
    app = (
        ApplicationBuilder()
        .application_class(TelegramApp)
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .rate_limiter(Limiter())
        .request(HTTPXRequest(read_timeout=ANSWER_WITHIN, httpx_kwargs={"mounts": direct(settings.telegram_api_url)}))
        .updater(None)
        .job_queue(None)
        .build()
    )
    assert isinstance(app, TelegramApp)  # noqa: S101 (the builder's type forgets the class)
    app.files = Files(settings.telegram_api_url, token, settings.max_image_bytes)
    app.answers = Answers(pipeline, policy, warmer, app.files, settings.allowed_telegram_chats)
    _route(app, app.answers)
    return app


def _route(app: TelegramApp, answers: Answers) -> None:
    new = filters.UpdateType.MESSAGE
    app.add_handler(TypeHandler(Album, answers.album))
    app.add_handler(MessageHandler(filters.UpdateType.GUEST_MESSAGE, answers.guest))
    app.add_handler(ChatMemberHandler(answers.joined, ChatMemberHandler.MY_CHAT_MEMBER))
    app.add_handler(MessageHandler((new | filters.UpdateType.CHANNEL_POST) & PICTURED, answers.photo))
    app.add_handler(CommandHandler("start", answers.start, new))
    app.add_handler(CommandHandler("help", answers.help, new))
    app.add_handler(CommandHandler("caption", answers.asked, new))
    app.add_handler(MessageHandler(new & MENTIONING, answers.asked))
    app.add_handler(MessageHandler(new & filters.ChatType.PRIVATE, answers.chat))


async def dispatch(app: TelegramApp, payload: Mapping[str, Any]) -> None:
    """Answer one update. Raises what a handler raises: TryAgain, as a rule."""
    await app.initialize()
    await app.process_update(_update(app, payload))


async def dispatch_album(app: TelegramApp, payloads: Sequence[Mapping[str, Any]]) -> None:
    """Answer the updates of one album with one reply; in any order, and each as often as it was delivered."""
    await app.initialize()
    await app.process_update(Album.of([_update(app, payload) for payload in payloads]))


async def apologise(app: TelegramApp, payload: Mapping[str, Any], sentence: str) -> None:
    """Reply once to an update that will not be answered, if it would have been."""
    await app.initialize()
    try:
        update = _update(app, payload)
    except GiveUp:
        await _apologise_unread(app, payload, sentence)
    else:
        await app.answers.apologise(update, app.bot, sentence)


def _update(app: TelegramApp, payload: Mapping[str, Any]) -> Update:
    """Parse an update. Raises GiveUp for one that the framework cannot read: it will not learn to."""
    try:
        return Update.de_json(essentials(payload), app.bot)
    except Exception as error:  # noqa: BLE001 (it raises whatever its parsing stumbles over)
        raise GiveUp(f"an update that cannot be read: {type(error).__name__}", messages.UNREAD) from None


async def _apologise_unread(app: TelegramApp, payload: Mapping[str, Any], sentence: str) -> None:
    """Reply to a message of which only the ids can be read; in private, since nobody knows what else is in it."""
    message = payload.get("message")
    chat = message.get("chat") if isinstance(message, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(chat, Mapping) or chat.get("type") != "private":
        return
    number, known = chat.get("id"), message.get("message_id")
    if isinstance(number, int) and isinstance(known, int):
        try:
            await app.bot.send_message(
                number, sentence, reply_parameters=ReplyParameters(known, allow_sending_without_reply=True)
            )
        except (Forbidden, BadRequest) as refused:
            log.warning("the chat takes no answer", extra={"chat": number, "reason": refused.message})
        except TelegramError as error:
            raise failed("sendMessage", error) from None
