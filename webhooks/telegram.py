"""Telegram's deliveries: updates to a webhook."""

import hmac
from collections.abc import Mapping

from bot.telegram import updates
from webhooks.deliveries import Refused, parse
from webhooks.inbox import Event


class Telegram:
    """Verifies with the secret that was given to setWebhook (https://core.telegram.org/bots/api#setwebhook)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def read(self, headers: Mapping[str, str], body: bytes) -> Event | None:
        """Verify and parse a delivery; see `webhooks.deliveries.Source`."""
        given = headers.get("x-telegram-bot-api-secret-token", "").encode()
        if not hmac.compare_digest(self._secret, given):
            raise Refused(401, "The secret token does not match: set the webhook again with TELEGRAM_WEBHOOK_SECRET.")
        update = parse(body)
        return event(update) if updates.is_for_us(update) else None


def event(update: dict[str, object]) -> Event:
    """Address a relevant update, whether it was delivered or polled for."""
    album = updates.album_of(update)
    return Event(
        id=f"telegram-{updates.event_id(update)}",
        platform="telegram",
        chat=f"telegram-{updates.chat_id(update)}",
        # In ASCII: JSON may hold half of a surrogate pair, which no database takes.
        album=album and ascii(album),
        payload=updates.essentials(update),
    )
