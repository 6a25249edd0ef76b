"""The bot and a fake Slack, with nothing in between: each event is handed to the bot as the worker would."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from bot.access import AccessPolicy
from bot.client import CaptionClient
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.slack import app as slack_app
from bot.warmer import Warmer
from common.settings import Secret
from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SlackSandbox
from tests.sandbox.slack_person import Sent


@dataclass
class Bot:
    app: slack_app.SlackApp

    async def hears(self, *what: Sent | dict[str, Any]) -> None:
        for item in what:
            for payload in item.payloads if isinstance(item, Sent) else [item]:
                await slack_app.dispatch(self.app, payload)

    async def gives_up(self, sent: Sent, sentence: str) -> None:
        for payload in sent.payloads:
            await slack_app.apologise(self.app, payload, sentence)


def settings_in(slack: SlackSandbox, settings: BotSettings, **more: object) -> BotSettings:
    values = {
        "slack_api_url": slack.api_url,
        "slack_files_url": slack.files_url,
        "slack_bot_token": Secret(BOT_TOKEN),
        "slack_app_token": Secret(APP_TOKEN),
    }
    return msgspec.structs.replace(settings, **(values | more))


@asynccontextmanager
async def bot_with(settings: BotSettings) -> AsyncIterator[Bot]:
    async with CaptionClient(settings) as client:
        warmer = Warmer(client)
        app = slack_app.build(settings, Pipeline(settings, client, warmer), AccessPolicy(settings), warmer)
        yield Bot(app)
        await slack_app.aclose(app)
        await warmer.aclose()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for what happens in another thread (not to be called in an event loop)."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        time.sleep(0.005)
