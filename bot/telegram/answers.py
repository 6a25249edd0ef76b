"""What the Telegram bot does with each kind of message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from telegram import Bot, ExternalReplyInfo, Message, Update
from telegram.constants import ChatMemberStatus, ChatType, MessageLimit
from telegram.ext import ContextTypes

from bot import messages
from bot.access import AccessPolicy
from bot.pipeline import Photo, Pipeline
from bot.telegram.addressing import addressed, has_picture, is_private, mentions
from bot.telegram.files import Files
from bot.telegram.migrations import Migrations
from bot.telegram.pictures import kind_of
from bot.telegram.replies import Said, answer_guest, reply, typing
from bot.warmer import Warmer


@dataclass(frozen=True)
class Album:
    """The messages of one album in their order; Telegram sends each in an update of its own."""

    messages: tuple[Message, ...]
    update_id: int

    @classmethod
    def of(cls, updates: Iterable[Update]) -> Self:
        """Collect updates, of which some may be there twice and none in order."""
        by_id = {update.effective_message.message_id: update for update in updates if update.effective_message}
        ordered = [by_id[message_id] for message_id in sorted(by_id)]
        found = [update.effective_message for update in ordered if update.effective_message]
        return cls(tuple(found), ordered[0].update_id)


class Answers:
    """The handlers; python-telegram-bot calls each with an update and a context."""

    def __init__(
        self, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer, files: Files, chats: frozenset[str]
    ) -> None:
        """`chats` are those let in by name: a channel is answered only if it is one of them."""
        self._pipeline = pipeline
        self._policy = policy
        self._warmer = warmer
        self._files = files
        self._chats = chats
        self._migrations = Migrations(chats)

    async def photo(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer a photo or an image file."""
        if update.effective_message:
            await self._describe([update.effective_message], context.bot, update.update_id)

    async def album(self, album: Album, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer an album with one numbered reply to its first photo."""
        await self._describe(album.messages, context.bot, album.update_id)

    async def asked(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer /caption or a mention: describe the photo that it replies to, in a reply to that photo."""
        message = update.message
        if message is None or not await self._welcome(message, context.bot):
            return
        replied = message.reply_to_message or message.external_reply
        photo = self._files.photo(replied, context.bot) if replied else None
        if replied is None or photo is None:
            await reply(context.bot, message, messages.REPLY_TO_A_PHOTO)
            return
        async with typing(context.bot, message):
            said = await self._captions([(replied, photo)], message, update.update_id)
        to = message.reply_to_message.message_id if message.reply_to_message else None
        await reply(context.bot, message, said, to=to)

    async def guest(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer somebody who called the bot in a chat where it is no member, beside a photo or in reply to one."""
        message = update.guest_message
        if message is None or not self._serves(message):
            return
        for pictured in (message, message.reply_to_message, message.external_reply):
            photo = self._files.photo(pictured, context.bot) if pictured else None
            if pictured and photo:
                said = await self._captions([(pictured, photo)], message, update.update_id)
                await answer_guest(context.bot, message, said)
                return
        await answer_guest(context.bot, message, messages.GUEST_HELP)

    async def start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Greet, and have the model loaded by the time the first photo comes."""
        if update.message and await self._welcome(update.message, context.bot):
            self._warmer.warm()
            await reply(context.bot, update.message, messages.HELLO)

    async def help(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Say what the bot does."""
        if update.message and await self._welcome(update.message, context.bot):
            await reply(context.bot, update.message, messages.HELP)

    async def chat(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer whatever else somebody says or sends in private; a notice, such as of a pinned message, is nothing."""
        message = update.message
        if message is None or not (message.text or kind_of(message)):
            return
        if await self._welcome(message, context.bot):
            await reply(context.bot, message, _not_a_photo(message) if kind_of(message) else messages.HELP)

    async def joined(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Have the model loaded when somebody starts the bot, or takes it into a group."""
        change = update.my_chat_member
        present = (ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR)
        if change and change.new_chat_member.status in present:
            self._warmer.warm()

    async def apologise(self, update: Update, bot: Bot, sentence: str) -> None:
        """Reply to what would have been answered, had nothing failed."""
        if update.guest_message:
            if self._serves(update.guest_message):
                await answer_guest(bot, update.guest_message, sentence)
            return
        message = update.message or update.channel_post
        if message is None or not await self._lets_in(message, bot):
            return
        if mentions(message) or ((is_private(message) or has_picture(message)) and self._speaks([message])):
            await reply(bot, message, sentence)

    async def _describe(self, album: Sequence[Message], bot: Bot, update_id: int) -> None:
        first = album[0]
        if not self._speaks(album) or not await self._welcome(first, bot):
            return
        called = is_private(first) or addressed(album)
        found = [(message, photo) for message in album if (photo := self._files.photo(message, bot))]
        chosen = [(message, photo) for message, photo in found if called or has_picture(message)]
        if not chosen:
            if called:
                await reply(bot, first, _not_a_photo(first))
            return
        async with typing(bot, first):
            said = await self._captions(chosen, first, update_id)
        if len(chosen) < len(album) and is_private(first):
            said = Said(f"{said.text}\n{messages.LEFT_OUT}", said.spoilers)
        await reply(bot, first, said)

    async def _captions(
        self, photos: Sequence[tuple[Message | ExternalReplyInfo, Photo]], asking: Message, update_id: int
    ) -> Said:
        """Caption photos, each with the message that it is from; what is hidden there, is hidden in the answer."""
        event = f"telegram-{update_id}"
        if sentence := await self._policy.too_many("telegram", _sender(asking), len(photos), event):
            return Said(sentence)
        outcomes = await self._pipeline.captions([photo for _, photo in photos], event)
        return Said.of(
            messages.caption_lines(outcomes, MessageLimit.MAX_TEXT_LENGTH),
            [bool(m.has_media_spoiler) for m, _ in photos],
        )

    def _speaks(self, album: Sequence[Message]) -> bool:
        first = album[0]
        # The channel has its answer; this is the copy in the group that is linked to it.
        if first.is_automatic_forward and first.sender_chat and str(first.sender_chat.id) in self._chats:
            return False
        return self._policy.replies(private=is_private(first), mentioned=addressed(album))

    async def _welcome(self, message: Message, bot: Bot) -> bool:
        """Whether this chat may use the bot; in private, say so if it may not."""
        if await self._lets_in(message, bot):
            return True
        if is_private(message):
            await reply(bot, message, self._policy.denial("telegram", str(message.chat_id)))
        return False

    async def _lets_in(self, message: Message, bot: Bot) -> bool:
        place = str(message.chat_id)
        if message.chat.type == ChatType.CHANNEL:
            return place in self._chats
        return self._policy.allows("telegram", place) or await self._migrations.was_allowed(message.chat_id, bot)

    def _serves(self, guest: Message) -> bool:
        """Whether to answer where the bot is no member: the chat, or the person who calls, is let in."""
        return self._policy.allows("telegram", str(guest.chat_id), str(guest.from_user.id if guest.from_user else ""))


def _not_a_photo(message: Message) -> str:
    """Word the answer to something that can't be looked at; an image that nobody here can read is named."""
    claimed = (message.document.mime_type or "") if message.document and not message.animation else ""
    return messages.not_a_photo(claimed) if claimed.startswith("image/") else messages.only_photos(kind_of(message))


def _sender(message: Message) -> str:
    """Name who sent it: an anonymous administrator or a channel counts as the chat that it speaks for."""
    sender = message.sender_chat or message.from_user or message.chat
    return str(sender.id)
