"""`work`: the worker on one machine with all that it needs beside its jobs: a number, a bell, and chores."""

import asyncio
import logging
import time
from contextlib import suppress

from bot.settings import BotSettings
from common.settings import SettingsError
from webhooks.attempts import Handler
from webhooks.inbox import InboxError, is_queue
from webhooks.local.address import check
from webhooks.local.bell import listening
from webhooks.local.chores import Chores
from webhooks.local.database import Database
from webhooks.local.dispatcher import Dispatcher
from webhooks.local.jobs import Jobs
from webhooks.local.slots import first_free, slots

log = logging.getLogger(__name__)


async def work(settings: BotSettings, handler: Handler, stop: asyncio.Event) -> None:
    """Answer what is in the inbox until `stop` is set; then end what is in hand, within STOP_PATIENCE.

    Raises SettingsError.
    """
    url = settings.inbox_url.reveal()
    if is_queue(url):
        raise SettingsError(
            "INBOX_URL names a queue of SQS, which the worker's Lambda function empties. "
            "To work on this machine, set sqlite:///path or postgresql://…"
        )
    database = Database(url, syncs=True)
    await asyncio.to_thread(check, database, url)
    locks = await asyncio.to_thread(slots, url, database.path)
    number = await asyncio.to_thread(first_free, locks)
    jobs = Jobs(database, number)
    dispatcher = Dispatcher(
        jobs,
        handler,
        at_once=settings.worker_concurrency,
        attempts=settings.attempts,
        quiet=settings.album_quiet,
    )
    chores = asyncio.create_task(Chores(database, jobs, locks, dispatcher, number).run())
    stopping = asyncio.create_task(_wake_at(stop, dispatcher))
    try:
        with listening(url, database.path, number, dispatcher.wake):
            await dispatcher.run(stop)
            begun = time.monotonic()
            await dispatcher.drain(settings.stop_patience)
            log.info("stopped", extra={"seconds": round(time.monotonic() - begun, 3)})
    finally:
        for task in (chores, stopping):
            task.cancel()
        await asyncio.gather(chores, stopping, return_exceptions=True)
        await asyncio.shield(dispatcher.abandon())
        # What is not finished is anybody's.
        with suppress(InboxError):
            await asyncio.shield(dispatcher.ask(jobs.leave, number))
        await asyncio.shield(dispatcher.ask(database.shed))
        database.close()
        locks.close()


async def _wake_at(stop: asyncio.Event, dispatcher: Dispatcher) -> None:
    await stop.wait()
    dispatcher.wake()
