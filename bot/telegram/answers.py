"""What the Telegram bot does with each kind of message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from telegram import Bot, Message, MessageEntity, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.ext import ContextTypes, filters

from bot import messages
from bot.access import AccessPolicy
from bot.pipeline import Photo, Pipeline
from bot.telegram.files import Files
from bot.telegram.replies import reply, typing
from bot.telegram.updates import COMMANDS, is_image
from bot.warmer import Warmer

# In this order: an animation also carries a document.
_KINDS: Final = {
    "animation": "an animation",
    "video": "a video",
    "video_note": "a video message",
    "sticker": "a sticker",
    "voice": "a voice message",
    "audio": "a sound file",
    "document": "a file that is no image",
}
_CALLS: Final[list[str | None]] = [MessageEntity.MENTION, MessageEntity.TEXT_MENTION, MessageEntity.BOT_COMMAND]


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
        self, pipeline: Pipeline, policy: AccessPolicy, warmer: Warmer, files: Files, channels: frozenset[str]
    ) -> None:
        """`channels` are the chats let in by name: a channel is answered only if it is one of them."""
        self._pipeline = pipeline
        self._policy = policy
        self._warmer = warmer
        self._files = files
        self._channels = channels

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
        if photo is None:
            await reply(context.bot, message, messages.REPLY_TO_A_PHOTO)
            return
        text = await self._captions([photo], message, context.bot, update.update_id)
        to = message.reply_to_message.message_id if message.reply_to_message else None
        await reply(context.bot, message, text, to=to)

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
        if message is None or not (message.text or _kind(message)):
            return
        if await self._welcome(message, context.bot):
            await reply(context.bot, message, messages.only_photos(_kind(message)) if _kind(message) else messages.HELP)

    async def joined(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Have the model loaded when somebody starts the bot, or takes it into a group."""
        change = update.my_chat_member
        present = (ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR)
        if change and change.new_chat_member.status in present:
            self._warmer.warm()

    async def apologise(self, update: Update, bot: Bot, sentence: str) -> None:
        """Reply to what would have been answered, had nothing failed."""
        message = update.message or update.channel_post
        if message is None or not self._lets_in(message):
            return
        if mentions(message) or ((_private(message) or has_picture(message)) and self._speaks([message])):
            await reply(bot, message, sentence)

    async def _describe(self, album: Sequence[Message], bot: Bot, update_id: int) -> None:
        first = album[0]
        if not self._speaks(album) or not await self._welcome(first, bot):
            return
        photos = [photo for photo in (self._files.photo(message, bot) for message in album) if photo]
        if not photos:
            await reply(bot, first, messages.only_photos(_kind(first)))
            return
        text = await self._captions(photos, first, bot, update_id)
        if len(photos) < len(album) and _private(first):
            text = f"{text}\n{messages.LEFT_OUT}"
        await reply(bot, first, text)

    async def _captions(self, photos: Sequence[Photo], message: Message, bot: Bot, update_id: int) -> str:
        event = f"telegram-{update_id}"
        if sentence := await self._policy.too_many("telegram", _sender(message), len(photos), event):
            return sentence
        async with typing(bot, message):
            return messages.captions(await self._pipeline.captions(photos, event))

    def _speaks(self, album: Sequence[Message]) -> bool:
        addressed = any(mentions(message) or _replies_to_us(message) for message in album)
        return self._policy.replies(private=_private(album[0]), mentioned=addressed)

    async def _welcome(self, message: Message, bot: Bot) -> bool:
        """Whether this chat may use the bot; in private, say so if it may not."""
        if self._lets_in(message):
            return True
        if _private(message):
            await reply(bot, message, self._policy.denial("telegram", str(message.chat_id)))
        return False

    def _lets_in(self, message: Message) -> bool:
        place = str(message.chat_id)
        if message.chat.type == ChatType.CHANNEL:
            return place in self._channels
        return self._policy.allows("telegram", place)


def has_picture(message: Message) -> bool:
    """Whether a message carries a photo, or a document that claims to be an image."""
    document = message.document
    if message.photo:
        return True
    return bool(document and not message.animation and is_image(document.mime_type, document.file_name))


def mentions(message: Message) -> bool:
    """Whether the text, or a photo's caption, names this bot or one of its commands."""
    bot = message.get_bot()
    name = bot.username.lower()
    ours = {f"@{name}", *(f"/{command}" for command in COMMANDS), *(f"/{command}@{name}" for command in COMMANDS)}
    found = message.parse_entities(_CALLS) if message.text else {}
    if message.caption:
        found = message.parse_caption_entities(_CALLS)
    return any(text.lower() in ours or (entity.user and entity.user.id == bot.id) for entity, text in found.items())


class _Pictured(filters.MessageFilter):
    def filter(self, message: Message) -> bool:
        return has_picture(message)


class _Mentioning(filters.MessageFilter):
    def filter(self, message: Message) -> bool:
        return mentions(message)


PICTURED: Final = _Pictured()
MENTIONING: Final = _Mentioning()


def _replies_to_us(message: Message) -> bool:
    replied = message.reply_to_message
    return bool(replied and replied.from_user and replied.from_user.id == message.get_bot().id)


def _private(message: Message) -> bool:
    return message.chat.type == ChatType.PRIVATE


def _sender(message: Message) -> str:
    """Name who sent it: an anonymous administrator or a channel counts as the chat that it speaks for."""
    sender = message.sender_chat or message.from_user or message.chat
    return str(sender.id)


def _kind(message: Message) -> str:
    """Name what is in a message that is no photo; "" for text and notices."""
    return next((name for field, name in _KINDS.items() if getattr(message, field)), "")
