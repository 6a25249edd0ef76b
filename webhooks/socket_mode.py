"""Slack without a public URL: events arrive over a WebSocket that the bot opens (Socket Mode)."""

import asyncio
import logging

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import BotSettings
from bot.slack.relevance import relevant
from inference.settings import SettingsError
from webhooks.inbox import Inbox
from webhooks.slack import event

# At INFO it tells of every session, by addresses that open one.
logging.getLogger("slack_sdk").setLevel(logging.WARNING)

# Errors that say nothing of the token.
PASSING = ("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")


async def listen(settings: BotSettings, inbox: Inbox) -> None:
    """Put Slack's events in the inbox until cancelled; each is acknowledged once it is safe there.

    Raises SettingsError when Slack does not take the app-level token.
    """
    if settings.slack_app_token is None:
        raise SettingsError("SLACK_APP_TOKEN: Socket Mode needs an app-level token (xapp-…) with connections:write.")

    async def receive(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        # Without an acknowledgement Slack delivers again: what the inbox cannot take must not get one.
        if request.type == "events_api" and relevant(request.payload):
            await inbox.put(event(request.payload))
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    token = settings.slack_app_token.get_secret_value()
    client = SocketModeClient(app_token=token, web_client=AsyncWebClient(base_url=settings.slack_api_url))
    client.socket_mode_request_listeners.append(receive)
    try:
        await _check(client.web_client, token)
        await client.connect()  # type: ignore[no-untyped-call]
        await asyncio.Event().wait()
    finally:
        await client.close()  # type: ignore[no-untyped-call]


async def _check(client: AsyncWebClient, token: str) -> None:
    """Raise SettingsError for a token that Slack refuses: the client would go on trying with it for ever."""
    try:
        await client.apps_connections_open(app_token=token)
    except SlackApiError as refused:
        error = refused.response["error"]
        if error not in PASSING:
            raise SettingsError(f"SLACK_APP_TOKEN: Slack refused to open Socket Mode ({error}).") from None
    except (aiohttp.ClientError, TimeoutError):
        return  # the client tries until Slack can be reached
