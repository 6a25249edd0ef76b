"""What the bot says in Slack, and where."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.access import AccessPolicy
from bot.pipeline import Pipeline
from bot.slack.calls import Failed, Unconfirmed, calling
from bot.slack.events import File, Message, files_of
from bot.slack.files import Files
from bot.warmer import Warmer

log = logging.getLogger(__name__)

EYES: Final = "eyes"
ORNAMENT: Final = 5.0  # seconds
THREAD: Final = 200  # messages of a thread that are looked through for a photo


class Answers:
    """One method for each thing that a person does. They raise TryAgain when the event should be handed in again."""

    def __init__(self, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer, files: Files) -> None:
        self._pipeline = pipeline
        self._policy = policy
        self._warmer = warmer
        self._files = files

    async def arrival(self) -> None:
        """Somebody opened a direct message or took the bot into a channel."""
        self._warmer.warm()

    async def upload(self, message: Message, client: AsyncWebClient) -> None:
        """Somebody sent files: caption the photos among them."""
        addressed = message.private or message.mentioned
        if not self._policy.replies(private=message.private, mentioned=message.mentioned):
            return
        if not await self._welcome(message, client):
            return
        try:
            photos, others = await self._sort(message.files, client)
        except Failed as gone:
            log.info("the file is gone", extra={"request_id": message.request_id, "reason": gone.code})
            return
        if photos:
            await self._caption(photos, message, client)
        elif addressed and others:
            await self._reply(messages.not_a_photo(others[0].media_type or None), message, client)

    async def mention(self, message: Message, client: AsyncWebClient) -> None:
        """Somebody called the bot: caption the latest photo of the thread, or say what the bot is for."""
        if message.files or not await self._welcome(message, client):
            return  # Slack tells of the files in an event of their own.
        try:
            photos = await self._photos_of_thread(message, client)
        except Failed as gone:
            log.info("the thread is gone", extra={"request_id": message.request_id, "reason": gone.code})
            return
        if photos is None:
            return
        if photos:
            await self._caption(photos, message, client)
        else:
            await self._reply(messages.SLACK_HELP, message, client)

    async def direct(self, message: Message, client: AsyncWebClient) -> None:
        """Somebody wrote to the bot in private."""
        if message.mentioned:
            await self.mention(message, client)
        elif await self._welcome(message, client):
            await self._reply(messages.SLACK_HELP, message, client)

    async def apologise(self, message: Message, sentence: str, client: AsyncWebClient) -> None:
        """Give up on an event; on what would not have been answered nothing is said."""
        answered = any(file.is_photo or file.is_unknown for file in message.files) and self._policy.replies(
            private=message.private, mentioned=message.mentioned
        )
        if self._policy.allows("slack", message.team) and (answered or message.private or message.mentioned):
            await self._reply(sentence, message, client)
            await _react("reactions.remove", message, client)

    async def _welcome(self, message: Message, client: AsyncWebClient) -> bool:
        if self._policy.allows("slack", message.team):
            return True
        if message.private:
            await self._reply(self._policy.denial("slack", message.team), message, client)
        return False

    async def _sort(self, files: Sequence[File], client: AsyncWebClient) -> tuple[list[File], list[File]]:
        """Part photos from other files, once files.info has told of those that are unknown."""
        known = await asyncio.gather(*(self._files.known(file, client) for file in files))
        return [f for f in known if f.is_photo], [f for f in known if not f.is_photo]

    async def _photos_of_thread(self, message: Message, client: AsyncWebClient) -> list[File] | None:
        """Find the latest photos up to the message in its thread; None when the message itself has files.

        (Such a message has an event of its own; its app_mention may come without the files, slackapi/bolt-python#925.)
        """
        with calling("conversations.replies"):
            answer = await client.conversations_replies(
                channel=message.channel, ts=message.root, latest=message.ts, inclusive=True, limit=THREAD
            )
        thread = answer.get("messages") or []
        if any(m.get("ts") == message.ts and m.get("files") for m in thread):
            return None
        for earlier in reversed(thread):
            photos, _ = await self._sort(files_of(earlier), client)
            if photos:
                return photos
        return []

    async def _caption(self, files: Sequence[File], message: Message, client: AsyncWebClient) -> None:
        person = f"{message.team}:{message.user}"
        if sentence := await self._policy.too_many("slack", person, len(files), message.request_id):
            await self._reply(sentence, message, client)
            return
        async with _watching(message, client):
            photos = [self._files.photo(file, client) for file in files]
            outcomes = await self._pipeline.captions(photos, message.request_id)
            await self._reply(messages.captions(outcomes), message, client)

    async def _reply(self, text: str, message: Message, client: AsyncWebClient) -> None:
        text = escaped(text)
        try:
            try:
                await _post(text, message, client)
            except Unconfirmed:
                if not await _posted(text, message, client):
                    await _post(text, message, client)
        except Failed as gone:
            log.info("nowhere to answer", extra={"request_id": message.request_id, "reason": gone.code})


def escaped(text: str) -> str:
    """Escape the three characters that make links and mentions (docs.slack.dev, "Formatting message text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _post(text: str, message: Message, client: AsyncWebClient) -> None:
    with calling("chat.postMessage"):
        await client.chat_postMessage(channel=message.channel, thread_ts=message.root, text=text, mrkdwn=False)


async def _posted(text: str, message: Message, client: AsyncWebClient) -> bool:
    """Look whether this text is in the thread already."""
    with calling("conversations.replies"):
        answer = await client.conversations_replies(
            channel=message.channel, ts=message.root, oldest=message.ts, limit=THREAD
        )
    return any(m.get("bot_id") and m.get("text") == text for m in answer.get("messages") or [])


@asynccontextmanager
async def _watching(message: Message, client: AsyncWebClient) -> AsyncIterator[None]:
    """Show the eyes until the work inside is done. They stay when it fails: the event waits to be tried again."""
    watch = asyncio.create_task(_react("reactions.add", message, client))
    try:
        yield
    finally:
        await watch
    await _react("reactions.remove", message, client)


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
    return AsyncWebClient(
        client.token,
        base_url=client.base_url,
        session=client.session,
        proxy=client.proxy,
        logger=client.logger,
        retry_handlers=[],
    )
