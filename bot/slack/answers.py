"""What the bot does in Slack about each thing that people do."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.access import AccessPolicy
from bot.outcomes import Gone
from bot.pipeline import Pipeline
from bot.slack.calls import Failed
from bot.slack.events import Deletion, Message
from bot.slack.file_objects import File, files_of
from bot.slack.files import Files
from bot.slack.replies import LONGEST, reply, stop_watching, take_back, watching
from bot.slack.thread import LAG, read
from bot.warmer import Warmer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """The files of a message that an answer is about, in their order; `others` are no photos at all."""

    photos: tuple[File, ...]
    others: tuple[File, ...]

    @property
    def can_be_had(self) -> bool:
        """Whether there is one to look at."""
        return any(file.missing is None for file in self.photos)


def choose(files: Sequence[File], *, called: bool) -> Choice:
    """Choose what to caption. What moves is looked at only where the bot was called.

    A file that can't be had counts among photos, unless it is known to be none: it is named in its place.
    """

    def wanted(file: File) -> bool:
        if file.missing is not None:
            return file.is_photo or not file.media_type
        return called if file.still_of else file.is_photo

    return Choice(tuple(f for f in files if wanted(f)), tuple(f for f in files if not wanted(f)))


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
        called = message.private or message.mentioned
        if not self._policy.replies(private=message.private, mentioned=message.mentioned):
            return
        if not await self._welcome(message, client):
            return
        choice = choose(await self._known(message.files, client), called=called)
        # Of files that can't be had alone, those are told that nobody deleted, and that are photos for sure.
        missing = [f for f in choice.photos if message.private or (f.missing != "gone" and (called or f.is_photo))]
        if choice.can_be_had:
            await self._caption(choice.photos, message, client)
        elif missing:
            await self._caption(missing, message, client)
        elif called and choice.others:
            await reply(messages.not_a_photo(choice.others[0].media_type or None), message, client)

    async def mention(self, message: Message, client: AsyncWebClient) -> None:
        """Somebody called the bot: caption the nearest photo of the thread, or say what the bot is for."""
        if message.files or not await self._welcome(message, client):
            return  # Slack tells of the files in an event of their own.
        try:
            photos = await self._photos_of_thread(message, client)
        except Failed as gone:
            log.info("the thread is gone", extra={"request_id": message.request_id, "reason": gone.code})
            return
        if photos:
            await self._caption(photos, message, client)
        elif photos is not None:
            await reply(messages.SLACK_HELP, message, client)

    async def direct(self, message: Message, client: AsyncWebClient) -> None:
        """Somebody wrote to the bot in private."""
        if message.mentioned:
            await self.mention(message, client)
        elif await self._welcome(message, client):
            await reply(messages.SLACK_HELP, message, client)

    async def deleted(self, deletion: Deletion, client: AsyncWebClient) -> None:
        """Somebody deleted what the bot may have answered: the answer goes too."""
        await take_back(deletion, client)

    async def apologise(self, message: Message, sentence: str, client: AsyncWebClient) -> None:
        """Give up on an event; on what would not have been answered nothing is said."""
        called = message.private or message.mentioned
        answered = any(
            (file.is_photo or file.is_unknown) and not file.still_of for file in message.files
        ) and self._policy.replies(private=message.private, mentioned=message.mentioned)
        if self._lets_in(message) and (answered or called):
            await reply(sentence, message, client, apology=True)
            await stop_watching(message, client)

    def _lets_in(self, message: Message) -> bool:
        installation = message.installation
        allowed = self._policy.allows("slack", installation.team, installation.enterprise)
        return allowed and (self._policy.outsiders or not message.outsider)

    async def _welcome(self, message: Message, client: AsyncWebClient) -> bool:
        """Whether this person may use the bot here; in private, say so if they may not."""
        if self._lets_in(message):
            return True
        if message.private:
            team = message.installation.team
            if self._policy.allows("slack", team, message.installation.enterprise):
                sentence = messages.SLACK_INSIDERS_ONLY
            else:
                sentence = self._policy.denial("slack", team)
            await reply(sentence, message, client)
        return False

    async def _known(self, files: Sequence[File], client: AsyncWebClient) -> list[File]:
        """Ask files.info about those of which the message tells too little."""
        return list(await asyncio.gather(*(self._files.known(file, client) for file in files)))

    async def _photos_of_thread(self, message: Message, client: AsyncWebClient) -> Sequence[File] | None:
        """Find the nearest photos before the message in its thread, however long that is.

        The message's own photos are those of a message that it shows by a link, which Slack adds a moment later. None
        when it has files of its own (there is an event of their own, and its app_mention may come without them,
        slackapi/bolt-python#925), or was deleted.
        """
        earlier = await self._files_of_thread(message, client)
        if earlier is None:
            return None
        missing: Sequence[File] = ()
        for files in reversed(earlier):
            choice = choose(await self._known(files, client), called=True)
            if choice.can_be_had:
                return choice.photos
            # Better told why it can't be had than what the bot is for.
            missing = missing or choice.photos
        return missing

    async def _files_of_thread(self, message: Message, client: AsyncWebClient) -> list[tuple[File, ...]] | None:
        """Read the files of each message up to this one. The event of a mention may come before the history has it."""
        place = message.place
        for pause in (0.0, *LAG):
            await asyncio.sleep(pause)
            earlier: list[tuple[File, ...]] = []
            try:
                async for other in read(client, place.channel, place.root, latest=place.ts):
                    if files := files_of(other):
                        earlier.append(files)
                    if other.get("ts") == place.ts:
                        return None if other.get("files") else earlier
            except Failed as gone:
                if gone.code != "thread_not_found":
                    raise
        log.info("the message is gone", extra={"request_id": message.request_id})
        return None

    async def _caption(self, files: Sequence[File], message: Message, client: AsyncWebClient) -> None:
        person = f"{message.installation.team}:{message.user}"
        if sentence := await self._policy.too_many("slack", person, len(files), message.request_id):
            await reply(sentence, message, client)
            return
        async with watching(message, client):
            photos = [self._files.photo(file, client) for file in files]
            outcomes = await self._pipeline.captions(photos, message.request_id)
            if message.files and not message.private and all(isinstance(outcome, Gone) for outcome in outcomes):
                log.info("the files are gone", extra={"request_id": message.request_id})
            else:
                await reply(messages.captions(outcomes, LONGEST), message, client)
