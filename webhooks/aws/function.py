"""The front door as a Lambda function behind a Function URL."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from bot.settings import BotSettings
from common import logs
from common.invocations import invoked, is_warming
from common.metrics import publish
from common.settings import SettingsError, read_settings
from webhooks.aws.opening import open_queue
from webhooks.deliveries import MAX_BODY, Answer, Source, answer
from webhooks.inbox import Inbox
from webhooks.metrics import METRICS

Reply = dict[str, Any]


class FrontDoor:
    """A Lambda handler: takes events of payload version 2.0, one at a time, all in one event loop.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """

    def __init__(self, source: Source, inbox: Inbox) -> None:
        self._source = source
        self._inbox = inbox
        self._loop = asyncio.new_event_loop()

    def __call__(self, event: Mapping[str, Any], context: object) -> Reply:  # noqa: ARG002 (Lambda's)
        """Answer one delivery."""
        invoked()
        if is_warming(event):
            return {"warm": True}
        reply = self._loop.run_until_complete(self._answer(event))
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return {"statusCode": reply.status, "headers": headers, "body": reply.text, "isBase64Encoded": False}

    async def _answer(self, event: Mapping[str, Any]) -> Answer:
        if event["requestContext"]["http"]["method"] != "POST":
            return Answer(405, "Events are delivered here with POST.")
        try:
            body = _body(event)
        except (binascii.Error, UnicodeEncodeError):
            return Answer(400, "That body cannot be read.")
        if len(body) > MAX_BODY:
            return Answer(413, "That is too large for an event.")
        return await answer(self._source, self._inbox, event["headers"], body)


def _body(event: Mapping[str, Any]) -> bytes:
    text: str = event.get("body") or ""
    return base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()


def open_door(setting: str, source: Callable[[str], Source]) -> FrontDoor:
    """Build the handler of a platform, in Lambda's init: settings and secrets are read here. Raises SettingsError.

    `setting` names the secret that `source` verifies deliveries with.
    """
    settings = read_settings(BotSettings)
    logs.configure(secrets=settings.secrets)
    publish(METRICS)
    secret = getattr(settings, setting.lower())
    if secret is None:
        raise SettingsError(f"{setting} is missing: set it, or name it with {setting}_PARAMETER or {setting}_SECRET.")
    return FrontDoor(source(secret.reveal()), open_queue(settings))
