"""`captionbot webhooks`: Slack and Telegram deliver to a public URL; front door and worker on one machine."""

import asyncio
import math
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from cli.serving import Part, bot_settings, run_until_stopped
from common.settings import SettingsError

if TYPE_CHECKING:
    from bot.settings import BotSettings

DOOR, WORKER = "door", "worker"


@click.command(name="webhooks")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port to listen on.")
@click.option("--only", type=click.Choice([DOOR, WORKER]), help="Run one part alone; the inbox joins the parts.")
def command(host: str, port: int, only: str | None) -> None:
    """Receive Slack's and Telegram's events at a public URL, and answer them.

    POST /slack/events and POST /telegram/webhook are the routes to register.
    """
    settings = bot_settings()
    if settings.slack_signing_secret is None and settings.telegram_webhook_secret is None and only != WORKER:
        raise SettingsError("Set SLACK_SIGNING_SECRET or TELEGRAM_WEBHOOK_SECRET: there is nothing to receive yet.")
    parts: list[Part] = []
    if only != WORKER:
        listener = _listener(host, port)
        parts.append(lambda stop: _door(settings, listener, stop))
    if only != DOOR:
        parts.append(lambda stop: _worker(settings, stop))
    run_until_stopped(settings, *parts)


def _listener(host: str, port: int) -> socket.socket:
    from common.port import PortTaken, bound

    try:
        return bound(host, port)
    except PortTaken as error:
        raise click.ClickException(str(error)) from None


async def _door(settings: "BotSettings", listener: socket.socket, stop: asyncio.Event) -> None:
    import uvicorn

    from common.connection import PATIENCE
    from common.server import protocol
    from webhooks.front_door import create_app
    from webhooks.local.mailbox import Mailbox
    from webhooks.opening import open_inbox

    class Server(uvicorn.Server):
        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # (uvicorn's own yields)
            return nullcontext()  # `run_until_stopped` has the signals

    inbox = open_inbox(settings)
    if isinstance(inbox, Mailbox):
        await asyncio.to_thread(inbox.check)
    config = uvicorn.Config(
        create_app(settings, inbox),
        http=protocol(PATIENCE),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=math.ceil(settings.stop_patience),
    )
    server = Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Deliveries that are under way still get their answer.
        stopping.cancel()
        server.should_exit = True
        await serving


async def _worker(settings: "BotSettings", stop: asyncio.Event) -> None:
    from webhooks.local.work import work
    from webhooks.worker import worker

    async with worker(settings) as handler:
        await work(settings, handler, stop)
