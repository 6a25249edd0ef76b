"""Socket Mode: Slack's events over a connection that the bot opens, for machines without a public URL."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.errors import GiveUp, TryAgain
from bot.settings import BotSettings
from bot.slack.calls import calling, web_client
from bot.slack.relevance import relevant
from common.settings import SettingsError

log = logging.getLogger(__name__)

Put = Callable[[str, dict[str, Any]], Awaitable[None]]

PING: Final = 5.0  # seconds; after four of them without an answer the connection is opened anew


# Errors of apps.connections.open that only the operator can mend.
TOKEN_REFUSED: Final = ("invalid_auth", "missing_scope", "not_allowed_token_type", "not_authed", "token_revoked")


async def listen(settings: BotSettings, put: Put) -> None:
    """Receive events until cancelled. `settings.slack_app_token` must be set.

    An event is acknowledged once `put(event_id, payload)` has returned; when that raises, Slack delivers it again. What
    needs no answer is acknowledged and dropped. Raises SettingsError when Slack does not take the token;
    waits for everything else to pass.
    """
    assert settings.slack_app_token is not None  # noqa: S101 (who calls this has looked)
    client = SocketModeClient(
        app_token=settings.slack_app_token.reveal(),
        logger=_library_log(),
        web_client=web_client(settings, None, _library_log()),
        ping_interval=PING,
    )
    client.proxy = client.web_client.proxy

    async def receive(connection: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if request.type == "events_api" and relevant(request.payload):
            try:
                await put(request.payload["event_id"], request.payload)
            except Exception as error:  # noqa: BLE001 (whatever the inbox raises: the event must come again)
                log.warning("an event was not kept", extra={"reason": type(error).__name__})
                return
        await connection.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    await _use_addresses_once(client)
    client.socket_mode_request_listeners.append(receive)
    try:
        await _connect(client)
        log.info("connected to Slack by Socket Mode")
        await client.message_processor
    finally:
        await client.close()  # type: ignore[no-untyped-call]  # (slack_sdk's)


async def _use_addresses_once(client: SocketModeClient) -> None:
    """Have the client forget the websocket's address as soon as it is asked for: Slack takes each of them once.

    Left to itself, it would try one whose connection failed again and again, and stay away.
    """

    async def forget(*_: object) -> None:
        client.wss_uri = None

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(forget)
    await client.aiohttp_client_session.close()
    client.aiohttp_client_session = aiohttp.ClientSession(trace_configs=[trace])


async def _connect(client: SocketModeClient) -> None:
    """Open the connection, as soon as that can be done. Raises SettingsError."""
    # Left to itself, the client would try a refused token for ever, and fail over an answer that is not JSON.
    while True:
        try:
            with calling("apps.connections.open"):
                answer = await client.web_client.apps_connections_open(app_token=client.app_token)
        except (TryAgain, GiveUp) as failed:
            code = failed.reason.rsplit(" ", 1)[-1]
            if code in TOKEN_REFUSED:
                raise SettingsError(
                    f"SLACK_APP_TOKEN: Slack does not take it ({code}). It is the app-level token: it starts with "
                    "xapp-, has the scope connections:write, and is made under Basic Information > App-Level Tokens."
                ) from None
            log.warning("no connection to Slack yet", extra={"reason": failed.reason})
            await asyncio.sleep(PING)
        else:
            client.wss_uri = answer["url"]
            await client.connect()  # type: ignore[no-untyped-call]  # (slack_sdk's)
            return


def _library_log() -> logging.Logger:
    """Build slack_sdk's logger: its troubles, without the address of the websocket, whose ticket is a secret."""
    logger = logging.getLogger(f"{__name__}.library")
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(_without_ticket)
    return logger


def _without_ticket(record: logging.LogRecord) -> bool:
    record.msg, record.args = re.sub(r"ticket=[^&'\" )]+", "ticket=***", record.getMessage()), ()
    record.exc_info = None
    return True
