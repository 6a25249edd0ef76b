"""Slack's events, parsed once into what the bot does something about."""

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.relevance import bot_user, relevant

JOINS = ("channel_join", "group_join")


@dataclass(frozen=True)
class Rendition:
    """A smaller version of a photo, made by Slack. `name` is its field (thumb_360); width and height are in pixels."""

    name: str
    url: str
    width: int
    height: int


@dataclass(frozen=True)
class File:
    """A file of a message, or what is known of it so far.

    `media_type` "" and an empty `renditions` are usual just after the upload. `url` None: Slack has not told it yet (a
    file from another workspace), or the file is gone. `size` is the original's, in bytes.
    """

    id: str
    name: str
    media_type: str
    size: int | None
    url: str | None
    renditions: tuple[Rendition, ...]
    stub: bool

    @property
    def is_unknown(self) -> bool:
        """Whether only files.info can tell if this is a photo."""
        return self.stub or not (self.media_type or self.renditions)

    @property
    def is_photo(self) -> bool:
        """Whether it is an image, as far as Slack says."""
        if self.media_type in ("", "application/octet-stream"):
            guessed, _ = mimetypes.guess_type(self.name, strict=False)
            return bool(self.renditions) or (guessed or "").startswith("image/")
        return self.media_type.startswith("image/")


@dataclass(frozen=True)
class Message:
    """Something that a person said: with files, or to the bot.

    `thread_ts` is None outside threads. `private`: in a direct message with the bot. `mentioned`: it names the bot.
    """

    event_id: str
    team: str
    channel: str
    user: str
    ts: str
    thread_ts: str | None
    private: bool
    mentioned: bool
    files: tuple[File, ...]

    @property
    def root(self) -> str:
        """The ts of the thread in which an answer belongs."""
        return self.thread_ts or self.ts

    @property
    def request_id(self) -> str:
        """What the logs of all parts know this event by."""
        return f"slack-{self.event_id}"


@dataclass(frozen=True)
class Arrival:
    """Somebody opened a direct message with the bot, or took it into a channel: photos may follow."""


def parse(body: dict[str, Any]) -> Message | Arrival | None:
    """Read an event callback; None is an event that asks for nothing (edits, deletions, bots, the bot itself, …).

    Never raises, whatever JSON object comes.
    """
    if not relevant(body):
        return None
    event: Mapping[str, Any] = body["event"]
    user, me = _text(event, "user"), bot_user(body)
    kind, subtype = event["type"], event.get("subtype")
    if kind == "app_home_opened" or subtype in JOINS:
        return Arrival()
    if not user or user in (me, "USLACKBOT") or event.get("bot_id") or event.get("hidden") or not _text(event, "ts"):
        return None
    return Message(
        event_id=_text(body, "event_id"),
        team=_text(body, "team_id"),
        channel=_text(event, "channel"),
        user=user,
        ts=_text(event, "ts"),
        thread_ts=_text(event, "thread_ts") or None,
        private=event.get("channel_type") == "im",
        mentioned=kind == "app_mention" or _mentions(_text(event, "text"), me),
        files=files_of(event),
    )


def files_of(message: Mapping[str, Any]) -> tuple[File, ...]:
    """Read the files of a message, as an event or conversations.replies has it; deleted ones are left out."""
    files = message.get("files")
    if not isinstance(files, list):
        return ()
    return tuple(
        file_of(f) for f in files if isinstance(f, Mapping) and _text(f, "id") and f.get("mode") != "tombstone"
    )


def file_of(info: Mapping[str, Any]) -> File:
    """Read a file object (https://docs.slack.dev/reference/objects/file-object)."""
    size = info.get("size")
    return File(
        id=_text(info, "id"),
        name=_text(info, "name"),
        media_type=_text(info, "mimetype"),
        size=size if isinstance(size, int) and size > 0 else None,
        url=_text(info, "url_private") or None,
        renditions=tuple(_renditions(info)),
        stub=info.get("file_access") == "check_file_info",
    )


def _renditions(info: Mapping[str, Any]) -> Iterator[Rendition]:
    """Find the renditions that keep the photo's shape: they come with a width, the small ones, square crops, do not."""
    for name, url in info.items():
        number = name.removeprefix("thumb_")
        width, height = info.get(f"{name}_w"), info.get(f"{name}_h")
        if number.isdecimal() and isinstance(url, str) and isinstance(width, int) and isinstance(height, int):
            yield Rendition(name, url, width, height)


def _mentions(text: str, user: str) -> bool:
    return user != "" and (f"<@{user}>" in text or f"<@{user}|" in text)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
