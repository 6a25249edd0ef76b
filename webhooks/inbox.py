"""The inbox: where an event is safe once the front door has answered 200."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bot.settings import BotSettings
from inference.settings import SettingsError

Platform = Literal["slack", "telegram"]

DAY = 24 * 3600.0  # seconds; the platforms may deliver an event again for so long


@dataclass(frozen=True)
class Event:
    """What a platform delivered, verified and found worth an answer.

    `id` is the platform's own id of the event, the same in each redelivery: "slack-Ev…" or "telegram-…". Events of one
    `chat` are answered in the order of their arrival. Events of one `album` are answered together.
    """

    id: str
    platform: Platform
    chat: str
    album: str | None
    payload: dict[str, Any]


class InboxError(Exception):
    """The inbox could not take the event: the platform should deliver it again."""


class Inbox(Protocol):
    """Holds events until a worker has answered them, whatever dies in between."""

    async def put(self, event: Event) -> None:
        """Keep an event; the same id is kept once. Raises InboxError."""


def is_queue(url: str) -> bool:
    """Whether INBOX_URL names a queue of SQS, which on AWS the worker's Lambda function empties."""
    return url.startswith(("https://", "http://"))


def open_inbox(settings: BotSettings) -> Inbox:
    """Open what INBOX_URL names: an SQS queue by its URL, or a table of SQLite or Postgres. Raises SettingsError."""
    url = settings.inbox_url.reveal()
    if is_queue(url):
        from webhooks.albums import Albums
        from webhooks.sqs import Queue, QueueInbox

        return QueueInbox(Queue(url), Albums(claims_table(settings)), settings.album_quiet)
    from webhooks.mailbox import Mailbox

    return Mailbox(url)


def claims_table(settings: BotSettings) -> str:
    """Name the table that goes with a queue. Raises SettingsError."""
    if settings.claims_table is None:
        raise SettingsError("CLAIMS_TABLE is missing: with a queue of SQS, set it to the DynamoDB table's name.")
    return settings.claims_table
