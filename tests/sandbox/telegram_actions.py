"""What people do in the fake Telegram, callable from the thread of a test."""

import random
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypedDict, TypeVar, Unpack

from tests.sandbox.servers import Servers
from tests.sandbox.telegram_people import ADA, People, text
from tests.sandbox.telegram_world import UPDATE_IDS, Chat, ChatType, Json, World

T = TypeVar("T")
ADMINISTRATOR_RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
    *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories"),
)


class How(TypedDict, total=False):
    """Who sends something (a User), in which topic, and in reply to which message."""

    sender: Json
    thread: int
    reply_to: Json


class Actions:
    """Each action is done in the sandbox's own loop, and returns the message that it put in the chat."""

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people
        self._servers = Servers("telegram-sandbox")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the sandbox's loop."""
        return self._servers.run(work)

    def _do(self, action: Callable[[], T]) -> T:
        async def act() -> T:
            return action()

        return self.run(act())

    # --- places ------------------------------------------------------------------------------------------------------

    def private(self, name: str = "Ada") -> Chat:
        """Open a private chat with somebody."""
        return self._do(lambda: self.world.add_chat("private", name))

    def group(self, name: str = "Cats", kind: ChatType = "supergroup", topics: dict[int, str] | None = None) -> Chat:
        """Open a group with the bot in it; with topics (thread ids and names) it is a forum."""
        return self._do(lambda: self.world.add_chat(kind, name, topics))

    def channel(self, name: str = "News") -> Chat:
        """Open a channel that has the bot as an administrator."""
        return self._do(lambda: self.world.add_chat("channel", name))

    # --- what people do: each returns the message ---------------------------------------------------------------------

    def direct_messages(self, name: str = "News", topics: dict[int, str] | None = None) -> Chat:
        """Open the chat in which people write to a channel; its topics are those people."""

        def act() -> Chat:
            chat = self.world.add_chat("supergroup", name, topics or {77: "Ada"})
            chat.direct_messages = True
            return chat

        return self._do(act)

    def elsewhere(self, kind: ChatType = "supergroup", name: str = "Strangers") -> Chat:
        """Open a chat without the bot."""
        chat = self._do(lambda: self.world.add_chat(kind, name))
        chat.has_bot = False
        return chat

    def migrate(self, old: Chat) -> Chat:
        """Make a supergroup of a group: it has another id from now on."""

        def act() -> Chat:
            new = self.world.add_chat("supergroup", old.name)
            old.migrated_to = new.id
            return new

        return self._do(act)

    def send_photo(
        self, chat: Chat, data: bytes, caption: str | None = None, *, spoiler: bool = False, **how: Unpack[How]
    ) -> Json:
        """Send a photo. `how`: sender (a User), thread (a topic's id), reply_to (a message)."""
        content = self.people.photo(data, caption, spoiler=spoiler)
        return self._do(lambda: self.people.post(chat, content, **how))

    def send_document(
        self,
        chat: Chat,
        data: bytes,
        name: str = "photo.jpg",
        media_type: str | None = "image/jpeg",
        caption: str | None = None,
        size: int | None = None,
        thumbnail: bytes | None = None,
        **how: Unpack[How],
    ) -> Json:
        """Send a file; `size` makes Telegram believe that it has so many bytes."""
        content = self.people.document(data, name, media_type, caption, size, thumbnail)
        return self._do(lambda: self.people.post(chat, content, **how))

    def send_album(
        self,
        chat: Chat,
        photos: Sequence[bytes],
        caption: str | None = None,
        *,
        late: dict[int, float] | None = None,
        shuffle: bool = False,
        as_documents: bool = False,
        also: Sequence[Json] = (),
        **how: Unpack[How],
    ) -> list[Json]:
        """Send an album: one update for each photo, the caption with the first.

        `late` holds back photos (by their index) so many seconds; `shuffle` sends updates in another order; `also` are
        contents that are no photos (`people.media("video")`).
        """
        captions = [caption, *[None] * (len(photos) - 1)]
        contents = [
            self.people.document(photo, f"{number}.jpg", "image/jpeg", words)
            if as_documents
            else self.people.photo(photo, words)
            for number, (photo, words) in enumerate(zip(photos, captions, strict=True))
        ]

        def act() -> list[Json]:
            album = self.people.album([*contents, *also])
            messages = [self.people.place(chat, content, **how) for content in album]
            shown = list(enumerate(messages))
            if shuffle:
                random.Random(1).shuffle(shown)
            for index, message in shown:
                if late and index in late:
                    self._servers.loop.call_later(late[index], self.people.show, message)
                else:
                    self.people.show(message)
            return messages

        return self._do(act)

    def say(self, chat: Chat, words: str, **how: Unpack[How]) -> Json:
        """Send a text: commands and mentions in it are marked as Telegram does."""
        return self._do(lambda: self.people.post(chat, text(words), **how))

    def mention(self, chat: Chat, words: str = "", **how: Unpack[How]) -> Json:
        """Write `@bot words`."""
        return self.say(chat, f"@{self.world.bot['username']} {words}".strip(), **how)

    def send(
        self,
        chat: Chat,
        kind: str,
        *,
        data: bytes = b"\0" * 2048,
        thumbnail: bytes | None = None,
        cover: bytes | None = None,
        caption: str | None = None,
        spoiler: bool = False,
        **how: Unpack[How],
    ) -> Json:
        """Send something that is no photo; see `People.media`."""
        content = self.people.media(kind, data=data, thumbnail=thumbnail, cover=cover, caption=caption, spoiler=spoiler)
        return self._do(lambda: self.people.post(chat, content, **how))

    def summon(self, chat: Chat, words: str = "", reply_to: Json | None = None, photo: bytes | None = None) -> Json:
        """Write `@bot words` in a chat where the bot is no member, perhaps under a photo."""
        called = f"@{self.world.bot['username']} {words}".strip()
        content = text(called) if photo is None else self.people.photo(photo, called)
        return self._do(lambda: self.people.summon(chat, content, reply_to))

    def repeat(self, post: Json, group: Chat) -> Json:
        """Repeat a channel's post in the group that is linked to it."""
        return self._do(lambda: self.people.repeat(post, group))

    def edit(self, message: Json, caption: str) -> None:
        """Edit a message's caption."""
        kind = "edited_channel_post" if message["chat"]["type"] == "channel" else "edited_message"
        edited = {**message, "caption": caption, "edit_date": int(time.time())}
        self._do(lambda: self.world.push(kind, edited))

    def delete(self, message: Json) -> None:
        """Delete a message; bots are not told."""
        self._do(lambda: self.world.chats[message["chat"]["id"]].messages.pop(message["message_id"]))

    def bot_becomes(self, chat: Chat, status: str, before: str = "left") -> None:
        """Take the bot into a chat, or out of it: "member", "administrator", "left" or "kicked"."""
        bot = self.world.bot
        change = {
            "chat": chat.as_json(),
            "from": ADA,
            "date": int(time.time()),
            "old_chat_member": _member(bot, before),
            "new_chat_member": _member(bot, status),
        }

        def act() -> None:
            chat.closed_to_bot = status in ("left", "kicked")
            self.world.push("my_chat_member", change)

        self._do(act)

    def happen(self, content: Json) -> Json:
        """Let any update happen, whatever is in it; returns it with its update_id."""

        def act() -> Json:
            update = {"update_id": next(UPDATE_IDS), **content}
            self.world.queue(update)
            return update

        return self._do(act)


def _member(bot: Json, status: str) -> Json:
    extra: Json = {"until_date": 0} if status == "kicked" else {}
    if status == "administrator":
        extra = dict.fromkeys(ADMINISTRATOR_RIGHTS, False)
    return {"user": bot, "status": status, **extra}
