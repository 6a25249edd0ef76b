"""What the long-running commands have in common: settings or a sentence, logs, and stopping when told to."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from typing import Any

import click

from bot.settings import BotSettings
from common import logs
from common.settings import SettingsError, read_settings


def bot_settings() -> BotSettings:
    """Read the settings and start the log, without a secret in it. Raises click.ClickException."""
    try:
        settings = read_settings(BotSettings)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    logs.configure(secrets=settings.secrets)
    return settings


def run_until_stopped(*tasks: Coroutine[Any, Any, None]) -> None:
    """Run coroutines together until one fails, or SIGINT or SIGTERM asks them to end.

    Raises click.ClickException for a SettingsError, and ModuleNotFoundError.
    """
    asyncio.run(_together(tasks))


async def _together(tasks: tuple[Coroutine[Any, Any, None], ...]) -> None:
    loop = asyncio.get_running_loop()
    everything = asyncio.ensure_future(_gather(tasks))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, everything.cancel)
    try:
        await everything
    except asyncio.CancelledError:
        return
    except BaseExceptionGroup as failed:
        known, rest = failed.split((SettingsError, ModuleNotFoundError))
        if known is None or rest is not None:
            raise
        errors = list(_leaves(known))
        for error in errors:
            if isinstance(error, ModuleNotFoundError):
                raise error from None
        raise click.ClickException("\n".join(map(str, errors))) from None


async def _gather(tasks: tuple[Coroutine[Any, Any, None], ...]) -> None:
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    """The errors of nested task groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
