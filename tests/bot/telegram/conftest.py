"""A bot in the fake Telegram."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import BotSettings
from tests.bot.telegram.scenario import TelegramBot, running
from tests.sandbox.telegram import TelegramSandbox


@pytest.fixture
async def bot(settings: BotSettings, sandbox: TelegramSandbox) -> AsyncIterator[TelegramBot]:
    async with running(settings, sandbox) as bot:
        yield bot
