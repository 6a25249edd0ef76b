"""One adapter for each platform that is set up: the same three calls, whatever framework is behind it."""

from collections.abc import Sequence
from typing import Any, Protocol

from bot.access import AccessPolicy
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.warmer import Warmer
from webhooks.inbox import Platform

Payload = dict[str, Any]


class Adapter(Protocol):
    """Where a platform's events are answered."""

    async def answer(self, payloads: Sequence[Payload]) -> None:
        """Hand one event, or the events of one album, to the framework; its handlers' errors come through."""

    async def apologise(self, payload: Payload, sentence: str) -> None:
        """Reply to an event that will not be answered."""

    async def aclose(self) -> None:
        """Close the framework's connections."""


def adapters(
    settings: BotSettings, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer
) -> dict[Platform, Adapter]:
    """Build the adapters; only the frameworks that are used are imported."""
    opened: dict[Platform, Adapter] = {}
    if settings.slack_bot_token is not None:
        opened["slack"] = SlackAdapter(settings, pipeline, policy, warmer)
    if settings.telegram_bot_token is not None:
        opened["telegram"] = TelegramAdapter(settings, pipeline, policy, warmer)
    return opened


class SlackAdapter:
    """Bolt's AsyncApp."""

    def __init__(self, settings: BotSettings, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer) -> None:
        from bot.slack import app

        self._slack = app
        self._app = app.build(settings, pipeline, policy, warmer)

    async def answer(self, payloads: Sequence[Payload]) -> None:
        """Hand an event to Bolt; Slack sends the photos of a message in one event."""
        for payload in payloads:
            await self._slack.dispatch(self._app, payload)

    async def apologise(self, payload: Payload, sentence: str) -> None:
        """Reply in the event's thread."""
        await self._slack.apologise(self._app, payload, sentence)

    async def aclose(self) -> None:
        """Close its HTTP connections."""
        await self._slack.aclose(self._app)


class TelegramAdapter:
    """python-telegram-bot's Application."""

    def __init__(self, settings: BotSettings, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer) -> None:
        from bot.telegram import app

        self._telegram = app
        self._app = app.build(settings, pipeline, policy, warmer)

    async def answer(self, payloads: Sequence[Payload]) -> None:
        """Hand an update, or the updates of an album together, to the Application."""
        if len(payloads) == 1:
            await self._telegram.dispatch(self._app, payloads[0])
        else:
            await self._telegram.dispatch_album(self._app, list(payloads))

    async def apologise(self, payload: Payload, sentence: str) -> None:
        """Reply to the update's message."""
        await self._telegram.apologise(self._app, payload, sentence)

    async def aclose(self) -> None:
        """Close its HTTP connections."""
        await self._app.shutdown()
