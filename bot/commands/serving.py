"""What the long-running commands have in common: settings or a sentence, logs, and stopping when told to."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import click

from bot.settings import BotSettings
from inference import logs
from inference.settings import SettingsError, read_settings


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

    Raises click.ClickException for a SettingsError.
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
        wrong, rest = failed.split(SettingsError)
        if wrong is None or rest is not None:
            raise
        raise click.ClickException("\n".join(_sentences(wrong))) from None


async def _gather(tasks: tuple[Coroutine[Any, Any, None], ...]) -> None:
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)


def _sentences(group: BaseExceptionGroup[SettingsError]) -> list[str]:
    """Collect what the errors of nested task groups say."""
    found = []
    for error in group.exceptions:
        found += _sentences(error) if isinstance(error, BaseExceptionGroup) else [str(error)]
    return found
