"""The worker on one machine: dispatches events from the mailbox to whoever answers them, until it is stopped."""

import asyncio
import logging
import sqlite3
import sys
from collections.abc import Awaitable, Callable

from bot.settings import BotSettings
from common.settings import SettingsError
from webhooks.attempts import Handler
from webhooks.inbox import is_queue
from webhooks.local.durable import Durable
from webhooks.local.jobs import Jobs
from webhooks.local.mailbox import Mailbox

log = logging.getLogger(__name__)

LOOK = 0.1  # seconds between two looks at the mailbox
BATCH = 100  # events taken from it at a look
ADOPTION = 5.0  # seconds between two looks for what dead workers left
HOUSEKEEPING = 3600.0  # seconds


async def work(settings: BotSettings, handler: Handler) -> None:
    """Dispatch events from the inbox to a handler until cancelled. Raises SettingsError."""
    url = settings.inbox_url.reveal()
    if is_queue(url):
        raise SettingsError(
            "INBOX_URL names a queue of SQS, which the worker's Lambda function empties. "
            "To work on this machine, set sqlite:///path or postgresql://…"
        )
    if url.startswith("sqlite:") and is_too_old(sqlite3.sqlite_version_info, sys.version_info[:3]):
        raise SettingsError(
            f"INBOX_URL: this Python {sys.version_info.major}.{sys.version_info.minor} comes with SQLite "
            f"{sqlite3.sqlite_version}, and with it the inbox needs SQLite 3.42 or newer. Use Python 3.11, or set "
            "postgresql://…"
        )
    mailbox = Mailbox(url)
    durable = Durable(
        url,
        mailbox,
        Jobs(mailbox, handler),
        at_once=settings.worker_concurrency,
        attempts=settings.attempts,
        quiet=settings.album_quiet,
    )
    async with durable, asyncio.TaskGroup() as group:
        group.create_task(_every(LOOK, lambda: _dispatch(mailbox, durable)))
        group.create_task(_every(ADOPTION, durable.adopt))
        group.create_task(_every(HOUSEKEEPING, durable.forget))


def is_too_old(sqlite: tuple[int, ...], python: tuple[int, ...]) -> bool:
    """Whether DBOS cannot keep its tables there: from Python 3.12 on its timestamps are `unixepoch('subsec')`.

    Older ones of SQLite make NULL of it (https://www.sqlite.org/releaselog/3_42_0.html).
    """
    return python >= (3, 12) and sqlite < (3, 42)


async def _dispatch(mailbox: Mailbox, durable: Durable) -> None:
    for event in await asyncio.to_thread(mailbox.waiting, BATCH):
        await durable.dispatch(event)
        await asyncio.to_thread(mailbox.dispatched, event.id)


async def _every(seconds: float, task: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await task()
        except Exception as error:  # noqa: BLE001 (a database that is away for a while must not end the worker)
            log.warning("the inbox failed", extra={"reason": type(error).__name__})
            await asyncio.sleep(1)
        await asyncio.sleep(seconds)
