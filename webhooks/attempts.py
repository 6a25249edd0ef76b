"""One attempt at answering, and what is said when there will be no other, wherever the events wait."""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from typing import Protocol

from bot import messages
from bot.errors import GiveUp, TryAgain
from webhooks.inbox import Event

log = logging.getLogger(__name__)

TIMEOUT = 300.0  # seconds
FIRST_WAIT, GROWTH = 1.0, 2.0  # seconds before the second attempt, and how the wait grows after that


class Handler(Protocol):
    """What is done with events; `webhooks.worker.Worker` is the one there is."""

    async def answer(self, events: Sequence[Event]) -> None:
        """Answer the events of one job, with one reply. Raises when they should be handed in again."""

    async def apologise(self, events: Sequence[Event], sentence: str) -> None:
        """Say once that there will be no answer."""


async def attempt(handler: Handler, events: Sequence[Event], seconds: float = TIMEOUT) -> None:
    """Answer the events of a job within so many seconds. Raises TryAgain, and GiveUp where that would be no use."""
    try:
        async with asyncio.timeout(seconds):
            await handler.answer(events)
    except (TryAgain, GiveUp) as error:
        said = "not answered yet" if isinstance(error, TryAgain) else "not to be answered"
        log.warning(said, extra={"request_id": events[0].id, "reason": error.reason})
        raise
    except Exception as error:  # noqa: BLE001 (a framework's handler may raise anything)
        # The error's text may hold a file's URL or what a person wrote: it goes neither to the log nor to the inbox.
        frames = "".join(traceback.format_tb(error.__traceback__))
        name = type(error).__name__
        log.error("failed", extra={"request_id": events[0].id, "reason": name, "frames": frames})  # noqa: TRY400 (see above)
        raise TryAgain(name) from None


async def apologise(handler: Handler, events: Sequence[Event], sentence: str, seconds: float = TIMEOUT) -> None:
    """Say that there will be no answer, if that can be said. Never raises for a failure."""
    try:
        async with asyncio.timeout(seconds):
            await handler.apologise(events, sentence)
    except Exception as error:  # noqa: BLE001 (what kept failing may well fail here too; once is enough)
        log.warning("no apology", extra={"request_id": events[0].id, "reason": type(error).__name__})


def sentence_of(error: Exception) -> tuple[str, str]:
    """Read what the last attempt left: the failure for the log, and the apology for the person."""
    if isinstance(error, TryAgain | GiveUp):
        return error.reason, error.apology or messages.APOLOGY
    return type(error).__name__, messages.APOLOGY
