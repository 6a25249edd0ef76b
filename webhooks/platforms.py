"""One desk for each platform that is set up: the same three calls, whatever framework is behind it."""

from collections.abc import Sequence
from typing import Any, Protocol

from bot.journey import Journey
from bot.manners import Manners
from bot.settings import BotSettings
from bot.warmer import Warmer
from webhooks.inbox import Platform

Payload = dict[str, Any]


class Desk(Protocol):
    """Where a platform's events are answered."""

    async def answer(self, payloads: Sequence[Payload]) -> None:
        """Hand one event, or the events of one album, to the framework; its handlers' errors come through."""

    async def apologise(self, payload: Payload, sentence: str) -> None:
        """Reply to an event that will not be answered."""

    async def aclose(self) -> None:
        """Close the framework's connections."""


def desks(settings: BotSettings, journey: Journey, manners: Manners, warmer: Warmer) -> dict[Platform, Desk]:
    """Build the desks; only the frameworks that are used are imported."""
    opened: dict[Platform, Desk] = {}
    if settings.slack_bot_token is not None:
        opened["slack"] = SlackDesk(settings, journey, manners, warmer)
    if settings.telegram_bot_token is not None:
        opened["telegram"] = TelegramDesk(settings, journey, manners, warmer)
    return opened


class SlackDesk:
    """Bolt's AsyncApp."""

    def __init__(self, settings: BotSettings, journey: Journey, manners: Manners, warmer: Warmer) -> None:
        from bot.slack import app

        self._slack = app
        self._app = app.build(settings, journey, manners, warmer)

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


class TelegramDesk:
    """python-telegram-bot's Application."""

    def __init__(self, settings: BotSettings, journey: Journey, manners: Manners, warmer: Warmer) -> None:
        from bot.telegram import app

        self._telegram = app
        self._app = app.build(settings, journey, manners, warmer)

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
