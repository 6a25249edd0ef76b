"""Whom a message is meant for: whether the bot was called, and whether there is something to answer unasked."""

from collections.abc import Sequence
from typing import Final

from telegram import Message, MessageEntity
from telegram.constants import ChatType
from telegram.ext import filters

from bot.telegram.pictures import picture_of
from bot.telegram.updates import COMMANDS

_CALLS: Final[list[str | None]] = [MessageEntity.MENTION, MessageEntity.TEXT_MENTION, MessageEntity.BOT_COMMAND]


def is_private(message: Message) -> bool:
    """Whether somebody writes to the bot alone."""
    return message.chat.type == ChatType.PRIVATE


def has_picture(message: Message) -> bool:
    """Whether there is something to answer without being asked: a photo; a sticker or what moves, in private only."""
    picture = picture_of(message)
    photo = picture is not None and not picture.still_of and not message.sticker
    return photo or (picture is not None and (is_private(message) or addressed([message])))


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


def addressed(album: Sequence[Message]) -> bool:
    """Whether one of these messages calls the bot or replies to it."""
    return any(mentions(message) or _replies_to_us(message) for message in album)


def _replies_to_us(message: Message) -> bool:
    replied = message.reply_to_message
    return bool(replied and replied.from_user and replied.from_user.id == message.get_bot().id)
