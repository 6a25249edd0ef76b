"""What people do in Telegram, and the messages that the bot is shown because of it."""

import re
from collections.abc import Sequence
from itertools import count

from tests.sandbox.telegram_pictures import document, photo_sizes
from tests.sandbox.telegram_world import Chat, Json, World

ADA: Json = {"id": 5_000_777, "is_bot": False, "first_name": "Ada", "username": "ada", "language_code": "en"}
GROUPS = ("group", "supergroup")


class People:
    """Actions; each puts a message in the chat, queues the update if the bot may see it, and returns the message."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._albums = count(13_900_000_000_000_001)
        self._queries = count(177_315_282_430_557_001)

    def post(
        self,
        chat: Chat,
        content: Json,
        *,
        sender: Json | None = None,
        thread: int | None = None,
        reply_to: Json | None = None,
    ) -> Json:
        """Put any content in a chat as somebody's message, and show it to the bot."""
        message = self.place(chat, content, sender=sender, thread=thread, reply_to=reply_to)
        self.show(message)
        return message

    def place(
        self,
        chat: Chat,
        content: Json,
        *,
        sender: Json | None = None,
        thread: int | None = None,
        reply_to: Json | None = None,
    ) -> Json:
        """Put any content in a chat without telling the bot."""
        author = {"sender_chat": chat.as_json()} if chat.type == "channel" else {"from": sender or self._author(chat)}
        extra: Json = {}
        if chat.direct_messages:
            extra = {"direct_messages_topic": {"topic_id": thread, "user": sender or ADA}}
        elif thread is not None:
            extra = {"message_thread_id": thread, "is_topic_message": True}
        if reply_to is not None:
            extra["reply_to_message"] = {k: v for k, v in reply_to.items() if k != "reply_to_message"}
            if chat.type == "supergroup" and thread is None:
                # Outside forums this is only the chain of replies, and no topic that one could write in.
                extra["message_thread_id"] = reply_to.get("message_thread_id", reply_to["message_id"])
        return self._world.add_message(chat, {**author, **extra, **content})

    def summon(self, chat: Chat, content: Json, reply_to: Json | None = None) -> Json:
        """Call the bot by its name in a chat where it is no member: it is shown that message and the one replied to."""
        query = str(next(self._queries))
        self._world.guest_queries[query] = chat
        message = self.place(chat, {**content, "guest_query_id": query}, sender=ADA, reply_to=reply_to)
        self._world.push("guest_message", message)
        return message

    def repeat(self, post: Json, group: Chat) -> Json:
        """Repeat a channel's post in the group that is linked to it, as Telegram does by itself."""
        channel = post["chat"]
        repeated = {name: value for name, value in post.items() if name not in ("message_id", "chat", "date")}
        origin = {"type": "channel", "chat": channel, "message_id": post["message_id"], "date": post["date"]}
        forwarded = {"sender_chat": channel, "is_automatic_forward": True, "forward_origin": origin}
        service = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
        message = self._world.add_message(group, {**repeated, **forwarded, "from": service})
        self.show(message)
        return message

    def show(self, message: Json) -> Json | None:
        """Queue the update of a message, if the bot may see it."""
        private_mode = message["chat"]["type"] in GROUPS and not self._world.reads_all_group_messages
        if private_mode and not self._concerns_bot(message):
            return None
        kind = "channel_post" if message["chat"]["type"] == "channel" else "message"
        return self._world.push(kind, message)

    def _concerns_bot(self, message: Json) -> bool:
        replied_to = message.get("reply_to_message", {}).get("from", {}).get("id")
        entities = message.get("entities", []) + message.get("caption_entities", [])
        return replied_to == self._world.bot["id"] or any(
            entity["type"] in ("bot_command", "mention") for entity in entities
        )

    def _author(self, chat: Chat) -> Json:
        return {**ADA, "id": chat.id, "first_name": chat.name} if chat.type == "private" else ADA

    # --- content -----------------------------------------------------------------------------------------------------

    def photo(self, data: bytes, caption: str | None = None, *, spoiler: bool = False) -> Json:
        """Make the content of a photo message."""
        hidden = {"has_media_spoiler": True} if spoiler else {}
        return {"photo": photo_sizes(self._world, data), **_captioned(caption), **hidden}

    def document(
        self,
        data: bytes,
        name: str,
        media_type: str | None,
        caption: str | None = None,
        size: int | None = None,
        thumbnail: bytes | None = None,
    ) -> Json:
        """Make the content of a file message."""
        content = document(self._world, data, name, media_type, size)
        if thumbnail is not None:
            content["thumbnail"] = photo_sizes(self._world, thumbnail)[-1]
        return {"document": content, **_captioned(caption)}

    def album(self, contents: Sequence[Json]) -> list[Json]:
        """Mark contents as one album."""
        group = str(next(self._albums))
        return [{**content, "media_group_id": group} for content in contents]

    def media(
        self,
        kind: str,
        *,
        data: bytes = b"\0" * 2048,
        thumbnail: bytes | None = None,
        cover: bytes | None = None,
        caption: str | None = None,
        spoiler: bool = False,
    ) -> Json:
        """Make the content of a message that is no photo.

        `kind`: video, animation, sticker, "animated sticker", "video sticker", voice, audio or video_note; `thumbnail`
        and `cover` are pictures of it, `data` is the file itself.
        """
        file = self._world.store(data, f"{kind.split()[-1]}s", ".bin")
        common: Json = {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size}
        if thumbnail is not None:
            common["thumbnail"] = photo_sizes(self._world, thumbnail)[-1]
        around = _captioned(caption) | ({"has_media_spoiler": True} if spoiler else {})
        shape: Json = {"width": 640, "height": 480, "duration": 3}
        match kind:
            case "video":
                covers = {"cover": photo_sizes(self._world, cover)} if cover is not None else {}
                return {"video": {**common, **shape, "mime_type": "video/mp4", **covers}, **around}
            case "animation":
                mime = {"file_name": "cat.gif.mp4", "mime_type": "video/mp4"}
                return {"animation": {**common, **shape, **mime}, "document": {**common, **mime}, **around}
            case "sticker" | "animated sticker" | "video sticker":
                kinds = {"is_animated": kind.startswith("animated"), "is_video": kind.startswith("video")}
                look = {"width": 512, "height": 512, "type": "regular", "emoji": "🐈"}
                return {"sticker": {**common, **look, **kinds}}
            case "voice" | "audio":
                return {kind: {**common, "duration": 3, "mime_type": "audio/ogg"}}
            case "video_note":
                return {"video_note": {**common, "length": 240, "duration": 3}}
            case _:
                raise ValueError(kind)


def text(words: str) -> Json:
    """Make the content of a text message, with the entities that Telegram finds in it."""
    return {"text": words, **({"entities": found} if (found := _entities(words)) else {})}


def _captioned(caption: str | None) -> Json:
    if caption is None:
        return {}
    return {"caption": caption, **({"caption_entities": found} if (found := _entities(caption)) else {})}


def _entities(words: str) -> list[Json]:
    """Find commands and mentions; offsets and lengths are in UTF-16 code units."""
    found = []
    for match in re.finditer(r"(?<![\w/@])(/\w+(?:@\w+)?|@\w{4,})", words):
        kind = "bot_command" if match.group().startswith("/") else "mention"
        offset = len(words[: match.start()].encode("utf-16-le")) // 2
        found.append({"type": kind, "offset": offset, "length": len(match.group().encode("utf-16-le")) // 2})
    return found
