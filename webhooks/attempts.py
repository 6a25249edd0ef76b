"""One attempt at answering, and what is said when there will be no other, wherever the events wait."""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from typing import Protocol

from bot import attempt as context
from bot import messages
from bot.attempt import Tidying
from bot.errors import GiveUp, TryAgain
from webhooks.inbox import Event

log = logging.getLogger(__name__)

TIMEOUT = 300.0  # seconds
TIDYING = 10.0  # seconds
FIRST_WAIT, GROWTH = 1.0, 2.0  # seconds before the second attempt, and how the wait grows after that
LONGEST_WAIT = 900.0  # seconds between two attempts, whatever a platform asks for


class Handler(Protocol):
    """What is done with events; `webhooks.worker.Worker` is the one there is."""

    async def answer(self, events: Sequence[Event]) -> None:
        """Answer the events of one job, with one reply. Raises when they should be handed in again."""

    async def apologise(self, events: Sequence[Event], sentence: str) -> None:
        """Say once that there will be no answer. Raises as `answer` does."""


async def answer(handler: Handler, events: Sequence[Event], number: int, seconds: float = TIMEOUT) -> list[Tidying]:
    """Answer the events of a job within so many seconds; returns what is left to do once that is noted.

    `number` says which attempt this is, the first being 1. Raises TryAgain, GiveUp.
    """
    return await _attempt(lambda: handler.answer(events), events, number, seconds)


async def apologise(
    handler: Handler, events: Sequence[Event], sentence: str, number: int, seconds: float = TIMEOUT
) -> list[Tidying]:
    """Say that there will be no answer; see `answer`."""
    return await _attempt(lambda: handler.apologise(events, sentence), events, number, seconds)


async def _attempt(work: Tidying, events: Sequence[Event], number: int, seconds: float) -> list[Tidying]:
    left: list[Tidying] = []
    context.number.set(number)
    context.tidying.set(left)
    try:
        async with asyncio.timeout(seconds):
            await work()
    except (TryAgain, GiveUp) as failed:
        said = "not answered yet" if isinstance(failed, TryAgain) else "not to be answered"
        log.warning(said, extra={"request_id": events[0].id, "reason": failed.reason})
        raise
    except Exception as error:  # noqa: BLE001 (a framework's handler may raise anything)
        # The error's text may hold a file's URL or what a person wrote: it goes neither to the log nor to the inbox.
        frames = "".join(traceback.format_tb(error.__traceback__))
        name = type(error).__name__
        log.error("failed", extra={"request_id": events[0].id, "reason": name, "frames": frames})  # noqa: TRY400 (see above)
        raise TryAgain(name) from None
    return left


async def tidy(left: Sequence[Tidying], request_id: str) -> None:
    """Do what an attempt left for after its note. Never raises for a failure: the reply is there."""
    for work in left:
        try:
            async with asyncio.timeout(TIDYING):
                await work()
        except Exception as error:  # noqa: BLE001 (an ornament)
            log.info("not tidied", extra={"request_id": request_id, "reason": type(error).__name__})


def wait_after(error: Exception, attempt: int) -> float:
    """Seconds until the next attempt, when the `attempt`th one failed: growing, or as long as the platform wants."""
    asked = error.after if isinstance(error, TryAgain) else 0.0
    return min(max(FIRST_WAIT * GROWTH ** (attempt - 1), asked), LONGEST_WAIT)


def sentence_of(error: Exception) -> tuple[str, str]:
    """Read what the last attempt left: the failure for the log, and the apology for the person."""
    if isinstance(error, TryAgain | GiveUp):
        return error.reason, error.apology or messages.APOLOGY
    return type(error).__name__, messages.APOLOGY
