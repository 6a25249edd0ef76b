"""A bot in the fake Slack."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.slack import SlackSandbox


@pytest.fixture
async def bot(slack: SlackSandbox, settings: BotSettings) -> AsyncIterator[Bot]:
    async with bot_with(settings_in(slack, settings)) as bot:
        yield bot
