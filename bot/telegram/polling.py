"""Asking Telegram for updates, where there is no public URL for a webhook."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import httpx

from bot.settings import BotSettings
from bot.telegram.api import ApiError, Unreachable, call, menu
from bot.telegram.updates import ALLOWED_UPDATES, event_id, is_for_us
from common.proxies import direct
from common.settings import SettingsError

log = logging.getLogger(__name__)

LONG_POLL: Final = 30  # seconds for which Telegram holds a request that has nothing to answer
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds between two failures

Put = Callable[[str, dict[str, Any]], Awaitable[None]]


class WebhookIsSet(SettingsError):
    """Telegram sends updates either to a webhook or to a poller."""

    def __init__(self) -> None:
        super().__init__(
            "A webhook is set for this bot, so Telegram does not let it poll. Remove the webhook with "
            "`captionbot telegram delete-webhook`, or run `captionbot webhooks` behind it instead."
        )


async def poll(settings: BotSettings, put: Put) -> None:
    """Hand each update that concerns the bot to `put(event_id, update)`, until cancelled.

    An update is confirmed to Telegram only after `put` returned: what `put` could not take comes again.
    Raises WebhookIsSet, or SettingsError for a wrong token; waits for everything else to pass.
    """
    # Every URL of the Bot API contains the token, and httpx logs them at INFO.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    offset = None
    wait = FIRST_WAIT
    timeout = httpx.Timeout(10, read=LONG_POLL + 10)
    async with httpx.AsyncClient(timeout=timeout, mounts=direct(settings.telegram_api_url)) as http:
        with suppress(ApiError, Unreachable):
            await call(http, settings, "setMyCommands", commands=menu())
        while True:
            try:
                for update in await _updates(http, settings, offset):
                    if is_for_us(update):
                        await put(event_id(update), update)
                    offset = update["update_id"] + 1
                wait = FIRST_WAIT
            except SettingsError:
                raise
            except Exception as error:  # noqa: BLE001 (an inbox that is away for a while must not end the polling)
                pause = (isinstance(error, ApiError) and error.retry_after) or wait
                log.warning("polling Telegram failed", extra={"reason": _reason(error), "retry_after": pause})
                wait = min(wait * 2, LONGEST_WAIT)
                await asyncio.sleep(pause)


async def _updates(http: httpx.AsyncClient, settings: BotSettings, offset: int | None) -> list[dict[str, Any]]:
    position = {} if offset is None else {"offset": offset}
    try:
        result = await call(
            http, settings, "getUpdates", timeout=LONG_POLL, allowed_updates=list(ALLOWED_UPDATES), **position
        )
    except ApiError as error:
        if error.status == httpx.codes.CONFLICT and "webhook" in error.description:
            raise WebhookIsSet from None
        raise
    return [update for update in result if isinstance(update, dict) and isinstance(update.get("update_id"), int)]


def _reason(error: Exception) -> str:
    if isinstance(error, ApiError) and error.status == httpx.codes.CONFLICT:
        return "another program polls with this bot's token; only one of them gets an update"
    return str(error) if isinstance(error, ApiError | Unreachable) else type(error).__name__
