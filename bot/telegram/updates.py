"""What the front door asks of an update: is it for us, and where does it belong.

Little more than the standard library, for the front door starts with it. Updates are raw JSON objects
(https://core.telegram.org/bots/api#update), from outside: no function here raises, whatever is in them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot import kinds

# All that is ever asked of Telegram. Edited messages are left out: a photo is described once.
ALLOWED_UPDATES: Final = ("message", "channel_post", "my_chat_member", "guest_message")
# Those of them that are messages; a guest message is one in a chat where the bot is no member.
_MESSAGES: Final = ("message", "channel_post", "guest_message")

COMMANDS: Final = ("start", "help", "caption")
# What a person may send in private without knowing that the bot takes only photos.
_TOLD_IN_PRIVATE = ("text", "document", "video", "video_note", "animation", "sticker", "voice", "audio")
# What is read of a message, and of the message that it replies to; see `essentials`.
_READ_OF_ANY: Final = (
    *("message_id", "date", "chat", "from", "sender_chat", "photo", "document", "animation", "video", "video_note"),
    *("sticker", "has_media_spoiler"),
    *("origin",),  # of an external reply, which has no message_id that means anything here
)
_READ: Final = (
    *_READ_OF_ANY,
    *("message_thread_id", "is_topic_message", "media_group_id", "text", "entities", "caption", "caption_entities"),
    *("direct_messages_topic", "is_automatic_forward", "guest_query_id", "voice", "audio"),
)
_MOVING: Final = ("animation", "video", "video_note", "sticker", "document")


def essentials(update: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of an update what the bot reads.

    python-telegram-bot refuses a whole update for one field that it cannot read, somewhere in a poll that the photo
    replies to; and what the bot does not need of a conversation, it had better not hold.
    """
    kept = {"update_id": update.get("update_id")}
    for kind in _MESSAGES:
        if message := _object(update, kind):
            kept[kind] = _only(message, _READ) | {
                replied: _only(_object(message, replied), _READ_OF_ANY)
                for replied in ("reply_to_message", "external_reply")
                if _object(message, replied)
            }
    if change := _object(update, "my_chat_member"):
        kept["my_chat_member"] = change
    return kept


def _only(content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: content[name] for name in names if name in content}


def event_id(update: Mapping[str, Any]) -> str:
    """Name an update: the same name in each redelivery."""
    return str(update.get("update_id"))


def is_for_us(update: Mapping[str, Any]) -> bool:
    """Whether a worker may have something to do for this update.

    Photos and image files anywhere, commands and mentions in groups, what replies there to a bot with something to look
    at, nearly everything in private, calls from chats where the bot is no member, and becoming a member of one. Other
    bots' messages never, lest two bots answer each other.
    """
    if not isinstance(update.get("update_id"), int) or isinstance(update.get("update_id"), bool):
        return False
    if _object(update, "my_chat_member"):
        return _joined(_object(update, "my_chat_member"))
    message = _message(update)
    if chat_id(update) is None or _from_another_bot(message):
        return False
    if "guest_message" in update:
        return isinstance(message.get("guest_query_id"), str)
    if _has_image(message):
        return True
    if _object(message, "chat").get("type") == "private":
        return any(message.get(kind) for kind in _TOLD_IN_PRIVATE)
    return "message" in update and (_calls_somebody(message) or _shows_to_a_bot(message))


def chat_id(update: Mapping[str, Any]) -> int | None:
    """Find the chat of an update."""
    number = _object(_message(update) or _object(update, "my_chat_member"), "chat").get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def album_of(update: Mapping[str, Any]) -> str | None:
    """Name the album that a message is part of: Telegram sends one update for each photo, and marks no end."""
    group = _message(update).get("media_group_id")
    chat = chat_id(update)
    return f"{chat}:{group}" if chat is not None and isinstance(group, str) and group else None


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    child = parent.get(name)
    return child if isinstance(child, Mapping) else {}


def _message(update: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((message for kind in _MESSAGES if (message := _object(update, kind))), {})


def _from_another_bot(message: Mapping[str, Any]) -> bool:
    # An anonymous administrator and a channel write through a bot of Telegram's own; they have a sender_chat.
    return _object(message, "from").get("is_bot") is True and not _object(message, "sender_chat")


def _has_image(message: Mapping[str, Any]) -> bool:
    if isinstance(message.get("photo"), list) and message["photo"]:
        return True
    document = _object(message, "document")
    # An animation comes with a document of the same file, for old clients.
    if not document or message.get("animation"):
        return False
    media_type, name = document.get("mime_type"), document.get("file_name")
    return kinds.is_photo(media_type if isinstance(media_type, str) else None, name if isinstance(name, str) else None)


def _calls_somebody(message: Mapping[str, Any]) -> bool:
    return any(
        isinstance(entity, Mapping) and entity.get("type") in ("bot_command", "mention", "text_mention")
        for name in ("entities", "caption_entities")
        for entity in (message[name] if isinstance(message.get(name), list) else ())
    )


def _shows_to_a_bot(message: Mapping[str, Any]) -> bool:
    replied = _object(_object(message, "reply_to_message"), "from")
    return replied.get("is_bot") is True and any(message.get(kind) for kind in _MOVING)


def _joined(change: Mapping[str, Any]) -> bool:
    member = ("member", "administrator", "restricted")
    before, after = _object(change, "old_chat_member").get("status"), _object(change, "new_chat_member").get("status")
    return after in member and before not in member
