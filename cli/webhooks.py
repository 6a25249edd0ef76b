"""`captionbot webhooks`: Slack and Telegram deliver to a public URL; front door and worker on one machine."""

import asyncio
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click

from cli.serving import bot_settings, run_until_stopped

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
        raise click.ClickException(
            "Set SLACK_SIGNING_SECRET or TELEGRAM_WEBHOOK_SECRET: there is nothing to receive yet."
        )
    parts = []
    if only != WORKER:
        parts.append(_door(settings, _listener(host, port)))
    if only != DOOR:
        parts.append(_worker(settings))
    run_until_stopped(*parts)


def _listener(host: str, port: int) -> socket.socket:
    from common.port import PortTaken, bound

    try:
        return bound(host, port)
    except PortTaken as error:
        raise click.ClickException(str(error)) from None


async def _door(settings: "BotSettings", listener: socket.socket) -> None:
    import uvicorn

    from common.server import PATIENCE, protocol
    from webhooks.front_door import create_app
    from webhooks.opening import open_inbox

    class Server(uvicorn.Server):
        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # (uvicorn's own yields)
            return nullcontext()  # `run_until_stopped` has the signals

    app = create_app(settings, open_inbox(settings))
    http = protocol(PATIENCE)
    server = Server(uvicorn.Config(app, http=http, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        # Deliveries that are under way still get their answer.
        server.should_exit = True
        await serving


async def _worker(settings: "BotSettings") -> None:
    from webhooks.local.dispatcher import work
    from webhooks.worker import worker

    async with worker(settings) as handler:
        await work(settings, handler)
