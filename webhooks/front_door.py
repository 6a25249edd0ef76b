"""The front door over HTTP: POST /slack/events and POST /telegram/webhook."""

import asyncio
import logging

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.settings import BotSettings
from webhooks.deliveries import MAX_BODY, Source, answer
from webhooks.inbox import Inbox
from webhooks.slack import Slack
from webhooks.telegram import Telegram

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds in which a delivery's body has to arrive; the platforms themselves give up after less


def create_app(settings: BotSettings, inbox: Inbox) -> Starlette:
    """Build the front door for the platforms that are set up; the others' routes say what is missing."""
    slack = (secret := settings.slack_signing_secret) and Slack(secret.reveal())
    telegram = (secret := settings.telegram_webhook_secret) and Telegram(secret.reveal())
    return Starlette(
        routes=[
            Route("/", _health),
            _route("/slack/events", slack or None, "SLACK_SIGNING_SECRET", inbox),
            _route("/telegram/webhook", telegram or None, "TELEGRAM_WEBHOOK_SECRET", inbox),
        ],
        middleware=[Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY)],
    )  # fmt: skip


def _route(path: str, source: Source | None, setting: str, inbox: Inbox) -> Route:
    if source is None:
        log.warning("%s answers 503: set %s to open it", path, setting)

    async def receive(request: Request) -> Response:
        if source is None:
            return PlainTextResponse(f"This route is not set up: {setting} is missing.", 503)
        try:
            async with asyncio.timeout(PATIENCE):
                body = await request.body()
        except (TimeoutError, ClientDisconnect):
            return PlainTextResponse("That delivery did not arrive whole.", 408)
        reply = await answer(source, inbox, request.headers, body)
        return PlainTextResponse(reply.text, reply.status)

    return Route(path, receive, methods=["POST"])


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")
