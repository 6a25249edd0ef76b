"""What is done with the letters of a job, one attempt at a time."""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from typing import Protocol

from bot import messages
from bot.errors import TryAgain
from webhooks.inbox import Event
from webhooks.mailbox import Mailbox

log = logging.getLogger(__name__)

ATTEMPT_TIMEOUT = 300.0  # seconds


class Handler(Protocol):
    """What is done with events; `webhooks.worker.Worker` is the one there is."""

    async def answer(self, events: Sequence[Event]) -> None:
        """Answer the events of one job, with one reply. Raises when they should be handed in again."""

    async def apologise(self, events: Sequence[Event], sentence: str) -> None:
        """Say once that there will be no answer."""


class Jobs:
    """The steps of the workflows. Each may be done again after a crash, and does then what is left of it."""

    def __init__(self, mailbox: Mailbox, handler: Handler) -> None:
        self._mailbox = mailbox
        self._handler = handler

    async def attempt(self, job: str) -> None:
        """Answer a job that is not answered yet. Raises TryAgain.

        A crash between the reply's arrival and the next line's commit answers twice: neither Slack nor Telegram takes a
        key by which it would know a reply that it already has.
        """
        events = await asyncio.to_thread(self._mailbox.unanswered, job)
        if not events:
            return
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                await self._handler.answer(events)
        except TryAgain as again:
            log.warning("not answered yet", extra={"request_id": events[0].id, "reason": again.reason})
            raise
        except Exception as error:  # noqa: BLE001 (a framework's handler may raise anything)
            # The error's text may hold a file's URL or what a person wrote: it goes neither to the log nor to DBOS.
            frames = "".join(traceback.format_tb(error.__traceback__))
            name = type(error).__name__
            log.error("failed", extra={"request_id": events[0].id, "reason": name, "frames": frames})  # noqa: TRY400
            raise TryAgain(name) from None
        await asyncio.to_thread(self._mailbox.finish, job)

    async def give_up(self, job: str, failure: str, sentence: str) -> None:
        """Apologise for a job and keep it as a dead letter."""
        events = await asyncio.to_thread(self._mailbox.unanswered, job)
        if not events:
            return
        log.error("kept as a dead letter", extra={"request_id": events[0].id, "reason": failure})
        await asyncio.to_thread(self._mailbox.bury, job, failure)
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT):
                await self._handler.apologise(events, sentence)
        except Exception as error:  # noqa: BLE001 (what kept failing may well fail here too; once is enough)
            log.warning("no apology", extra={"request_id": events[0].id, "reason": type(error).__name__})

    async def gather(self, album: str, job: str) -> bool:
        """Make a job of an album's letters; whether there are any."""
        return await asyncio.to_thread(self._mailbox.gather, album, job)


def sentence_of(error: Exception) -> tuple[str, str]:
    """Read what the last attempt left: the failure for the log, and the apology for the person."""
    if isinstance(error, TryAgain):
        return error.reason, error.apology or messages.APOLOGY
    return type(error).__name__, messages.APOLOGY
