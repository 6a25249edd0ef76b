"""Speaking in Slack: a reply in a message's thread, once, and never where that message is gone."""

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.attempt import afterwards
from bot.slack.calls import Failed, Unconfirmed, calling
from bot.slack.events import Deletion, Message
from bot.slack.thread import Place, look, look_patiently, metadata

log = logging.getLogger(__name__)

EYES: Final = "eyes"
ORNAMENT: Final = 5.0  # seconds
# Characters. Slack takes 40,000, and an escaped one is five at most.
LONGEST: Final = 8_000


async def reply(text: str, message: Message, client: AsyncWebClient, *, apology: bool = False) -> None:
    """Answer a message in its thread, unless it was deleted or has its answer; an apology, unless it has anything.

    Where the bot may not speak, that is logged and no error. Raises TryAgain, GiveUp.
    """
    text = escaped(text[:LONGEST])
    try:
        standing = await look_patiently(client, message.place)
        if not standing.there:
            log.info("the message is gone", extra={"request_id": message.request_id})
        elif not standing.has(text, apology=apology):
            await _post_once(text, message, client, apology=apology)
    except Failed as refused:
        log.info("nowhere to answer", extra={"request_id": message.request_id, "reason": refused.code})


async def take_back(deletion: Deletion, client: AsyncWebClient) -> None:
    """Delete the bot's replies to a message that somebody deleted. Raises TryAgain, GiveUp."""
    try:
        standing = await look(client, deletion.place)
        # One without metadata is the message's if it is the only one.
        marked = standing.answers + standing.apologies
        for ts in marked or tuple(ts for ts, _ in standing.unmarked if len(standing.unmarked) == 1):
            await _delete(ts, deletion.place.channel, client)
    except Failed as refused:
        log.info("no reply to take back", extra={"request_id": deletion.request_id, "reason": refused.code})


def escaped(text: str) -> str:
    """Escape the three characters that make links and mentions (docs.slack.dev, "Formatting message text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _post_once(text: str, message: Message, client: AsyncWebClient, *, apology: bool) -> None:
    try:
        await _post(text, message.place, client, apology=apology)
    except Unconfirmed:
        if not (await look(client, message.place)).has(text, apology=apology):
            await _post(text, message.place, client, apology=apology)


async def _post(text: str, place: Place, client: AsyncWebClient, *, apology: bool) -> None:
    with calling("chat.postMessage"):
        answer = await client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.root,
            text=text,
            mrkdwn=False,
            metadata=metadata(place.ts, apology=apology),
        )
    posted = answer.get("message")
    if isinstance(posted, Mapping) and not posted.get("thread_ts") and not (await look(client, place)).there:
        # Deleted a moment ago: Slack then posts into the channel, and does not say so (slack-go/slack#1571).
        await _delete(str(answer.get("ts")), place.channel, client)


async def _delete(ts: str, channel: str, client: AsyncWebClient) -> None:
    with calling("chat.delete"):
        await client.chat_delete(channel=channel, ts=ts)


@asynccontextmanager
async def watching(message: Message, client: AsyncWebClient) -> AsyncIterator[None]:
    """Show the eyes until the work inside is done. They stay when it fails: the event waits to be tried again."""
    watch = asyncio.create_task(_react("reactions.add", message, client))
    try:
        yield
    finally:
        await watch
    await stop_watching(message, client)


async def stop_watching(message: Message, client: AsyncWebClient) -> None:
    """Take the eyes back, once the reply is noted."""
    await afterwards(partial(_react, "reactions.remove", message, client))


async def _react(method: str, message: Message, client: AsyncWebClient) -> None:
    """Set or take back the reaction: an ornament, for which nothing waits and nothing fails."""
    try:
        async with asyncio.timeout(ORNAMENT):
            await _impatient(client).api_call(
                method, json={"channel": message.channel, "timestamp": message.ts, "name": EYES}
            )
    except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
        log.info("no reaction", extra={"request_id": message.request_id, "reason": type(error).__name__})


def _impatient(client: AsyncWebClient) -> AsyncWebClient:
    """Copy a client without its patience: Retry-After of a storm of reactions would hold up photos."""
    impatient = copy.copy(client)
    impatient.retry_handlers = []
    return impatient
