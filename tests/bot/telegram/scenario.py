"""The Telegram bot beside the fake Telegram, taking updates as the worker does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from bot.access import AccessPolicy
from bot.client import CaptionClient
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.telegram import app as telegram
from bot.telegram.updates import album_of, is_for_us
from bot.warmer import Warmer
from common.settings import Secret
from tests.bot.conftest import make_photo
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_world import Json

PHOTO = make_photo(1200, 900, quality=60)
OTHER = make_photo(900, 1200, quality=60)


def texts(sandbox: TelegramSandbox) -> list[str]:
    """Whatever the bot has said, in whatever chat."""
    return [sent.text for sent in sandbox.world.sent]


class TelegramBot:
    """A bot; `work` answers what happened in the sandbox since it last did."""

    def __init__(self, app: telegram.TelegramApp, warmer: Warmer, sandbox: TelegramSandbox) -> None:
        self.app = app
        self.warmer = warmer
        self._sandbox = sandbox
        self._done = 0

    async def work(self) -> None:
        updates = [update for update in self._sandbox.updates[self._done :] if is_for_us(update)]
        self._done = len(self._sandbox.updates)
        albums: dict[str, list[Json]] = {}
        for update in updates:
            if album := album_of(update):
                albums.setdefault(album, []).append(update)
            else:
                await telegram.dispatch(self.app, update)
        for members in albums.values():
            await telegram.dispatch_album(self.app, members)


@asynccontextmanager
async def running(settings: BotSettings, sandbox: TelegramSandbox, **others: object) -> AsyncIterator[TelegramBot]:
    """Run a bot against the sandbox; `others` are settings."""
    values = {"telegram_api_url": sandbox.url, "telegram_bot_token": Secret(sandbox.world.token)}
    settings = msgspec.structs.replace(settings, **(values | others))
    async with CaptionClient(settings) as client:
        warmer = Warmer(client)
        app = telegram.build(settings, Pipeline(settings, client, warmer), AccessPolicy(settings), warmer)
        try:
            yield TelegramBot(app, warmer, sandbox)
        finally:
            await app.shutdown()
            await warmer.aclose()
