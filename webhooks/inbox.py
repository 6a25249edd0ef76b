"""The inbox: where an event is safe once the front door has answered 200."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

Platform = Literal["slack", "telegram"]

DAY = 24 * 3600.0  # seconds; the platforms may deliver an event again for so long


@dataclass(frozen=True)
class Event:
    """What a platform delivered, verified and found worth an answer.

    `id` is the platform's own id of the event, the same in each redelivery: "slack-Ev…" or "telegram-…". Events of one
    `album` are answered together. `workspace` is whose chat it is, where the platform has such a thing.

    On one machine, events of one `chat` are answered in the order of their arrival. On AWS they nearly always are, but
    nothing promises it: a standard queue keeps no order, several workers take from it at once, and a photo that failed
    comes again behind those that came after it. Nobody is confused by that, since each answer stands in its photo's
    thread. A FIFO queue would be no better bargain: it forgets after five minutes that it knows a message, cannot delay
    one, and lets a photo that keeps failing hold up its chat.
    """

    id: str
    platform: Platform
    chat: str
    album: str | None
    payload: dict[str, Any]
    workspace: str = ""


class InboxError(Exception):
    """The inbox could not take the event: the platform should deliver it again."""


class Inbox(Protocol):
    """Holds events until a worker has answered them, whatever dies in between."""

    async def put(self, event: Event) -> None:
        """Keep an event; the same id is kept once. Raises InboxError."""


def is_queue(url: str) -> bool:
    """Whether INBOX_URL names a queue of SQS, which on AWS the worker's Lambda function empties."""
    return url.startswith(("https://", "http://"))
