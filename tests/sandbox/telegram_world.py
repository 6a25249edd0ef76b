"""What the fake Telegram knows: its bot, chats, messages, files, and the updates that wait for the bot."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from tests.sandbox.telegram_arguments import ApiError

Json = dict[str, Any]
# getFile and the file host know no larger files.
MAX_DOWNLOAD = 20 * 1024 * 1024
ChatType = Literal["private", "group", "supergroup", "channel"]

TOKEN = "123456789:AAHsandbox_of_the_tests_0123456789abc"
BOT: Json = {"id": 123456789, "is_bot": True, "first_name": "Captions", "username": "captions_sandbox_bot"}

# Every update type of the Bot API; the second list is sent only when asked for by name.
UPDATE_TYPES = [
    *("message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message"),
    *("edited_business_message", "deleted_business_messages", "inline_query", "chosen_inline_result"),
    *("callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer"),
    *("my_chat_member", "chat_join_request", "chat_boost", "removed_chat_boost", "guest_message"),
]
UPDATE_TYPES_ON_REQUEST = ["chat_member", "message_reaction", "message_reaction_count"]

# One row for all worlds: whoever remembers updates outlives a world.
UPDATE_IDS = count(700_000_001)


@dataclass
class Chat:
    """A chat, and what stands between the bot and writing there."""

    id: int
    type: ChatType
    name: str
    topics: dict[int, str] = field(default_factory=dict)
    direct_messages: bool = False  # the chat of those who write to a channel; its topics are the people
    has_bot: bool = True
    closed_to_bot: bool = False  # the person blocked it, or it was removed from the group
    bot_may_write: bool = True
    migrated_to: int | None = None
    messages: dict[int, Json] = field(default_factory=dict)
    message_ids: "count[int]" = field(default_factory=lambda: count(1))

    def as_json(self) -> Json:
        """Return the Chat object that messages carry."""
        if self.type == "private":
            return {"id": self.id, "type": "private", "first_name": self.name}
        extra = {"is_forum": True} if self.topics else {}
        if self.direct_messages:
            extra = {"is_direct_messages": True}
        return {"id": self.id, "type": self.type, "title": self.name, **extra}


@dataclass(frozen=True)
class StoredFile:
    """A file on Telegram's servers; `size` is what Telegram says, `data` what a download gives."""

    file_id: str
    unique_id: str
    path: str
    size: int
    data: bytes


@dataclass(frozen=True)
class Sent:
    """A message that the bot sent. `thread` is the topic, `hidden` the parts of the text under a spoiler."""

    chat: int
    text: str
    reply_to: int | None
    thread: int | None
    message_id: int
    at: float
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """A request that reached the Bot API: method, arguments as text, the HTTP status it got."""

    method: str
    arguments: dict[str, str]
    status: int
    at: float


@dataclass(frozen=True)
class Download:
    """A request for a file: its path, the status, and how many bytes left."""

    path: str
    status: int
    bytes_sent: int


@dataclass
class World:
    """All state of one fake Telegram with one bot. Changed only on the server's own loop."""

    token: str = TOKEN
    bot: Json = field(default_factory=lambda: dict(BOT))
    # Privacy mode off (or the bot an administrator): it sees every message of its groups.
    reads_all_group_messages: bool = True
    allowed_updates: list[str] = field(default_factory=lambda: list(UPDATE_TYPES))
    chats: dict[int, Chat] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    pending: list[Json] = field(default_factory=list)
    held: list[Json] | None = None
    history: list[Json] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    actions: list[tuple[int, str, int | None]] = field(default_factory=list)
    # Queries of people who called the bot where it is no member, and what it answered to each.
    guest_queries: dict[str, Chat] = field(default_factory=dict)
    guest_answers: dict[str, Sent] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    commands: list[Json] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)
    file_numbers: "count[int]" = field(default_factory=lambda: count(1))
    chat_numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add_chat(self, type_: ChatType, name: str, topics: dict[int, str] | None = None) -> Chat:
        """Open a chat; ids have the ranges that Telegram gives to each type."""
        number = next(self.chat_numbers)
        base = {"private": 5_000_000, "group": -4_000_000, "supergroup": -1_002_000_000_000}.get(
            type_, -1_003_000_000_000
        )
        chat = Chat(base + number if base > 0 else base - number, type_, name, topics or {})
        self.chats[chat.id] = chat
        return chat

    def store(self, data: bytes, folder: str, suffix: str, size: int | None = None) -> StoredFile:
        """Keep a file; `size` may say something else than the data's own length."""
        number = next(self.file_numbers)
        file = StoredFile(
            file_id=f"AgACAgQAAxkBAAI{number:06d}sandbox",
            unique_id=f"AQAD{number:06d}",
            path=f"{folder}/file_{number}{suffix}",
            size=len(data) if size is None else size,
            data=data,
        )
        self.files[file.file_id] = file
        return file

    def served_at(self, path: str) -> StoredFile:
        """Find a file by the path that getFile named. Raises ApiError."""
        for file in self.files.values():
            if file.path == path and file.size <= MAX_DOWNLOAD:
                return file
        raise ApiError(404, "Not Found")

    def add_message(self, chat: Chat, content: Json) -> Json:
        """Put a message in a chat; returns it complete. No update yet."""
        message = {"message_id": next(chat.message_ids), "chat": chat.as_json(), "date": int(time.time()), **content}
        chat.messages[message["message_id"]] = message
        return message

    def push(self, kind: str, content: Json) -> Json | None:
        """Queue an update for the bot, as Telegram does: types that were not asked for are not even kept."""
        if kind not in self.allowed_updates:
            return None
        update = {"update_id": next(UPDATE_IDS), kind: content}
        self.queue(update)
        return update

    def queue(self, update: Json) -> None:
        """Queue an update as it is, or hold it back."""
        if self.held is not None:
            self.held.append(update)
            return
        self.pending.append(update)
        self.history.append(update)
        for listener in self.listeners:
            listener()


def chat_of(update: Json) -> int:
    """Return the id of the chat an update belongs to (0: none): Telegram keeps a chat's updates in order."""
    for content in update.values():
        if isinstance(content, dict) and isinstance(content.get("chat"), dict):
            return int(content["chat"]["id"])
    return 0
