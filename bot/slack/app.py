"""The Slack app: Bolt's routing and clients, behind the inbox."""

import logging
from typing import Any, Final

import aiohttp
from slack_bolt.async_app import AsyncApp, AsyncBoltContext, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.access import AccessPolicy
from bot.pipeline import Pipeline
from bot.settings import BotSettings
from bot.slack.answers import Answers
from bot.slack.calls import web_client
from bot.slack.events import JOINS, Message, parse
from bot.slack.files import Files
from bot.slack.relevance import SAYING
from bot.warmer import Warmer

# Bolt and slack_sdk log what people write at DEBUG, and look at their logger's own level for that, not at its parents'.
framework_log: Final = logging.getLogger("bot.slack.framework")
framework_log.setLevel(logging.ERROR)

TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


class SlackApp(AsyncApp):
    """Bolt's app with the answers that its listeners give."""

    answers: Answers


def build(settings: BotSettings, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer) -> SlackApp:
    """Build the app; nothing is sent yet. `settings.slack_bot_token` must be set."""
    assert settings.slack_bot_token is not None  # noqa: S101 (who calls this has looked)
    token = settings.slack_bot_token.reveal()

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult:
        # Without this Bolt would ask auth.test, and take its failure for an answer.
        return AuthorizeResult(enterprise_id=context.enterprise_id, team_id=context.team_id, bot_token=token)

    app = SlackApp(
        name="captionbot",
        logger=framework_log,
        client=web_client(settings, token, framework_log),
        authorize=authorize,
        # The worker waits for the work, not for an acknowledgement.
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        # The front door has verified the event, and parse() has left the bot's own ones out.
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
    )
    files = Files(settings.slack_files_url, settings.slack_files_origins, token, settings.max_image_bytes)
    app.answers = Answers(pipeline, policy, warmer, files)
    _listen(app, app.answers)
    return app


def _listen(app: AsyncApp, answers: Answers) -> None:
    """Route the events. Each listener gets the parsed event from Bolt's context.

    The client is the app's own: each copy that Bolt makes of it reads the environment's proxy again.
    """

    async def said(context: AsyncBoltContext) -> None:
        message: Message = context["parsed"]
        await (answers.upload if message.files else answers.direct)(message, app.client)

    async def mention(context: AsyncBoltContext) -> None:
        await answers.mention(context["parsed"], app.client)

    async def deleted(context: AsyncBoltContext) -> None:
        await answers.deleted(context["parsed"], app.client)

    async def arrival() -> None:
        await answers.arrival()

    async def propagate(error: Exception) -> None:
        # Bolt's own handlers log an error and lose the event.
        raise error

    app.event({"type": "message", "subtype": SAYING})(said)
    app.event({"type": "message", "subtype": ("message_deleted", "message_changed")})(deleted)
    app.event("app_mention")(mention)
    app.event("app_home_opened")(arrival)
    app.event({"type": "message", "subtype": JOINS})(arrival)
    app.error(propagate)


async def dispatch(app: SlackApp, payload: dict[str, Any]) -> None:
    """Hand one verified event callback to Bolt and wait until it is answered. Raises what the listeners raise."""
    event = parse(payload)
    if event is None:
        return
    _open(app)
    # Bolt reads the body of a Socket Mode request as it is, without the signature of an HTTP one.
    await app.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode", context={"parsed": event}))


async def apologise(app: SlackApp, payload: dict[str, Any], sentence: str) -> None:
    """Say in the event's thread that there will be no caption; nothing where none was to be expected."""
    event = parse(payload)
    if isinstance(event, Message):
        _open(app)
        await app.answers.apologise(event, sentence, app.client)


def _open(app: SlackApp) -> None:
    """Give the clients one pool of connections; it can only be made within the event loop."""
    if app.client.session is None or app.client.session.closed:
        app.client.session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())


async def aclose(app: SlackApp) -> None:
    """Close the pool."""
    if app.client.session is not None:
        await app.client.session.close()
