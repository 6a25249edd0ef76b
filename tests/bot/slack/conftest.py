"""A bot in the fake Slack."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.slack import SlackSandbox


@pytest.fixture(autouse=True)
def _no_long_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is not in its thread is looked for again: in tests, soon."""
    for module in ("thread", "answers"):
        monkeypatch.setattr(f"bot.slack.{module}.LAG", (0.01, 0.02))


@pytest.fixture
async def bot(slack: SlackSandbox, settings: BotSettings) -> AsyncIterator[Bot]:
    async with bot_with(settings_in(slack, settings)) as bot:
        yield bot
