"""What the long-running commands have in common: settings or a sentence, logs, and stopping when told to."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

from bot.settings import BotSettings
from common import logs
from common.settings import SettingsError, read_settings

Part = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def bot_settings() -> BotSettings:
    """Read the settings and start the log, without a secret in it. Raises SettingsError."""
    settings = read_settings(BotSettings)
    logs.configure(secrets=settings.secrets)
    return settings


def run_until_stopped(settings: BotSettings, *parts: Part) -> None:
    """Run parts together until one fails, or SIGINT or SIGTERM sets the event that each is given; a second one cancels.

    Raises SettingsError, ModuleNotFoundError.
    """
    from common.port import PortTaken
    from webhooks.local.metrics import measured

    try:
        with measured(settings):
            asyncio.run(_together(parts))
    except PortTaken as error:
        raise SettingsError(str(error).replace("--port", "METRICS_PORT")) from None


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do some work until it ends or `stop` is set, which cancels it."""
    task, waiting = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _together(parts: tuple[Part, ...]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    everything = asyncio.ensure_future(_gather(parts, stop))

    def told() -> None:
        if stop.is_set():
            everything.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told)
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
        raise SettingsError("\n".join(dict.fromkeys(map(str, errors)))) from None


async def _gather(parts: tuple[Part, ...], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part(stop))


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    """The errors of nested task groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
