"""What is done with the events of a job on one machine, step by step."""

import asyncio
import logging

from bot.errors import GiveUp
from webhooks.attempts import Handler, apologise, attempt, sentence_of
from webhooks.local.mailbox import Mailbox

log = logging.getLogger(__name__)


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
            await attempt(self._handler, events)
        except GiveUp as error:
            await self.give_up(job, *sentence_of(error))
        else:
            await asyncio.to_thread(self._mailbox.finish, job)

    async def give_up(self, job: str, failure: str, sentence: str) -> None:
        """Apologise for a job and keep it as a dead letter."""
        events = await asyncio.to_thread(self._mailbox.unanswered, job)
        if not events:
            return
        log.error("kept as a dead letter", extra={"request_id": events[0].id, "reason": failure})
        await asyncio.to_thread(self._mailbox.mark_dead, job, failure)
        await apologise(self._handler, events, sentence)

    async def gather(self, album: str, job: str) -> bool:
        """Make a job of an album's events; whether there are any."""
        return await asyncio.to_thread(self._mailbox.gather, album, job)
