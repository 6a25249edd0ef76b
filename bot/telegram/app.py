"""The Telegram bot: python-telegram-bot's Application, fed by the inbox one update at a time."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from telegram import Update
from telegram.error import InvalidToken, TelegramError
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

from bot.access import AccessPolicy
from bot.errors import TryAgain
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.telegram.addressing import MENTIONING, PICTURED
from bot.telegram.answers import Album, Answers
from bot.telegram.files import Files
from bot.telegram.replies import Limiter
from bot.telegram.updates import essentials
from bot.warmer import Warmer
from common.proxies import direct

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
                raise TryAgain(f"getMe failed: {type(error).__name__}") from None

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
    if update := Update.de_json(essentials(payload), app.bot):
        await app.process_update(update)


async def dispatch_album(app: TelegramApp, payloads: Sequence[Mapping[str, Any]]) -> None:
    """Answer the updates of one album with one reply; in any order, and each as often as it was delivered."""
    await app.initialize()
    await app.process_update(Album.of([Update.de_json(essentials(payload), app.bot) for payload in payloads]))


async def apologise(app: TelegramApp, payload: Mapping[str, Any], sentence: str) -> None:
    """Reply once to an update that will not be answered, if it would have been."""
    await app.initialize()
    if update := Update.de_json(essentials(payload), app.bot):
        await app.answers.apologise(update, app.bot, sentence)
