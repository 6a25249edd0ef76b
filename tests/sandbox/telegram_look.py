"""A chat as Telegram's apps would show it, made of what the world holds."""

from collections.abc import Iterator

from tests.sandbox.look import clock, picture, words
from tests.sandbox.telegram_world import Chat, Json, World

CSS = """<style>
.telegram { border-radius: 10px; overflow: hidden; line-height: 1.35; color: light-dark(#000, #fff);
            background: light-dark(#c9ddb8, #0e1621); border: 1px solid light-dark(#b5c9a4, #24303d); }
.telegram header { padding: 10px 16px; background: light-dark(#fff, #17212b); font-weight: 600; }
.telegram article { display: flex; padding: 6px 12px; }
.telegram .person { justify-content: flex-end; }
.telegram .bubble { max-width: min(420px, 85%); border-radius: 14px; padding: 8px 10px;
                    background: light-dark(#fff, #182533); overflow-wrap: anywhere; }
.telegram .person .bubble { background: light-dark(#effdde, #2b5278); }
.telegram .photos { display: grid; grid-template-columns: repeat(2, 1fr); gap: 3px; border-radius: 10px;
                    overflow: hidden; margin: -4px -6px 4px; }
.telegram .photos img { width: 100%; height: 100%; max-height: 240px; object-fit: cover; display: block; }
.telegram .photos img:first-child:nth-last-child(odd) { grid-column: 1 / -1; }
.telegram .quote { border-left: 3px solid light-dark(#2e7d32, #6ab3f3); padding-left: 8px; font-size: 14px;
                   margin-bottom: 4px; }
.telegram .quote b { color: light-dark(#2e7d32, #6ab3f3); display: block; }
.telegram time { font-size: 12px; color: light-dark(#4d6b45, #b9c7d6); display: block; text-align: right; }
</style>"""


def look(world: World, chat: Chat | None) -> str:
    """A private chat as HTML; the photos of an album stand together."""
    messages = list(chat.messages.values()) if chat else []
    inside = "".join(_bubble(world, together) for together in _albums(messages))
    inside = inside or '<article><div class="bubble">Nobody has written here yet.</div></article>'
    return f'{CSS}<section class="telegram"><header>{words(world.bot["first_name"])}</header>{inside}</section>'


def _albums(messages: list[Json]) -> Iterator[list[Json]]:
    """Messages one by one, but those of an album in one list."""
    seen = set()
    for message in messages:
        album = message.get("media_group_id")
        if album is None:
            yield [message]
        elif album not in seen:
            seen.add(album)
            yield [other for other in messages if other.get("media_group_id") == album]


def _bubble(world: World, messages: list[Json]) -> str:
    first = messages[0]
    who = "bot" if first.get("from", {}).get("is_bot") else "person"
    photos = [_photo(world, message["photo"]) for message in messages if "photo" in message]
    text = "\n".join(filter(None, (message.get("text") or message.get("caption") for message in messages)))
    album = f'<div class="photos">{"".join(photos)}</div>' if photos else ""
    return (
        f'<article class="{who}"><div class="bubble">{_quote(first.get("reply_to_message"))}{album}'
        f"{words(text)}<time>{clock(first['date'])}</time></div></article>"
    )


def _photo(world: World, sizes: list[Json]) -> str:
    """The 320 pixel rendition, which is the second where there are two."""
    return picture(world.files[sizes[min(1, len(sizes) - 1)]["file_id"]].data, "A photo of the chat")


def _quote(message: Json | None) -> str:
    if message is None:
        return ""
    what = message.get("text") or message.get("caption") or ("Album" if "media_group_id" in message else "Photo")
    return f'<div class="quote"><b>{words(message["from"]["first_name"])}</b>{words(what)}</div>'
