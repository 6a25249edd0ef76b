"""What the front door does with a delivery, whatever the platform and whatever the server around it."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from webhooks.inbox import Event, Inbox, InboxError

log = logging.getLogger(__name__)

MAX_BODY = 1_000_000  # bytes; Slack's and Telegram's largest events are a small part of it


class Refused(Exception):
    """A delivery that is not taken: the HTTP status, and a sentence for whoever reads the platform's delivery log."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Echo:
    """An answer that the platform waits for and that concerns nobody else."""

    text: str


class Source(Protocol):
    """A platform, seen from the front door."""

    def read(self, headers: Mapping[str, str], body: bytes) -> Event | Echo | None:
        """Verify and parse a delivery; None when it needs no answer. Header names are in lower case.

        Raises Refused.
        """


@dataclass(frozen=True)
class Answer:
    """The HTTP answer to a delivery."""

    status: int
    text: str


async def answer(source: Source, inbox: Inbox, headers: Mapping[str, str], body: bytes) -> Answer:
    """Verify a delivery, keep it if somebody is to be answered, and say so to the platform."""
    started = time.monotonic()
    try:
        event = source.read(headers, body)
        if isinstance(event, Echo):
            return Answer(200, event.text)
        if event is not None:
            await inbox.put(event)
            log.info("received", extra={"request_id": event.id, "seconds": round(time.monotonic() - started, 4)})
    except Refused as refused:
        return Answer(refused.status, refused.text)
    except InboxError as error:
        log.error("not received", extra={"reason": str(error)})  # noqa: TRY400 (the database's words may hold its password)
        return Answer(503, "The inbox is not available; please deliver this again.")
    return Answer(200, "")


def parse(body: bytes) -> dict[str, Any]:
    """Parse the JSON object of a delivery. Raises Refused."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "That is not JSON.") from None
    if not isinstance(value, dict):
        raise Refused(400, "That is not a JSON object.")
    return value
