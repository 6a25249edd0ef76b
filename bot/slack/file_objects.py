"""Slack's file objects (https://docs.slack.dev/reference/objects/file-object), wherever a message carries them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot import kinds

# Why a file can't be had: deleted, not shown to this workspace, or beyond the limit of a free plan.
Missing = Literal["gone", "denied", "hidden"]
_MISSING: Final[Mapping[str, Missing]] = {
    "tombstone": "gone",
    "file_not_found": "gone",
    "file_deleted": "gone",
    "access_denied": "denied",
    "hidden_by_limit": "hidden",
}
# A forwarded message that was forwarded holds the first one inside.
DEEPEST: Final = 3
MOST: Final = 50  # files of one message; Slack lets people upload ten at once


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
    file from another workspace), or the file is gone. `size` is the original's, in bytes. `animated`: a GIF that moves.
    """

    id: str
    name: str
    media_type: str
    size: int | None
    url: str | None
    renditions: tuple[Rendition, ...]
    stub: bool
    animated: bool
    missing: Missing | None

    @property
    def is_unknown(self) -> bool:
        """Whether only files.info can tell if this is a photo."""
        return self.missing is None and (self.stub or not (self.media_type or self.renditions))

    @property
    def is_photo(self) -> bool:
        """Whether it is an image that can be read, as far as Slack says: as it is, or by a rendition of Slack's."""
        rendered = bool(self.renditions) and (self.media_type.startswith("image/") or kinds.is_vague(self.media_type))
        return rendered or kinds.is_photo(self.media_type, self.name)

    @property
    def still_of(self) -> str | None:
        """Name what moves and can be looked at by a still of it, with its article; None for what does not move."""
        if self.media_type.startswith("video/"):
            return "a video"
        return "a GIF" if self.animated else None


def has_files(message: Mapping[str, Any], depth: int = DEEPEST) -> bool:
    """Whether a message has files, its own or those of messages forwarded in it."""
    return any(True for _ in _objects(message, depth))


def files_of(message: Mapping[str, Any]) -> tuple[File, ...]:
    """Read the files of a message, as an event or conversations.replies has it, each once."""
    found: dict[str, File] = {}
    for info in _objects(message, DEEPEST):
        if len(found) < MOST:
            found.setdefault(info["id"], file_of(info))
    return tuple(found.values())


def file_of(info: Mapping[str, Any]) -> File:
    """Read a file object."""
    size = info.get("size")
    access, mode = _text(info, "file_access"), _text(info, "mode")
    return File(
        id=_text(info, "id"),
        name=_text(info, "name"),
        media_type=_text(info, "mimetype"),
        size=size if isinstance(size, int) and size > 0 else None,
        url=_text(info, "url_private") or None,
        renditions=tuple(_renditions(info)),
        stub=access == "check_file_info",
        animated=_text(info, "mimetype") == "image/gif" and any(name.endswith("_gif") for name in info),
        missing=_MISSING.get(access) or _MISSING.get(mode),
    )


def missing_for(code: str) -> Missing:
    """Tell why a file can't be had from the error code of files.info."""
    return _MISSING.get(code, "denied")


def _objects(message: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """Find the file objects of a message, and of the messages that are forwarded or shown in it (`attachments`)."""
    files, attachments = message.get("files"), message.get("attachments")
    for info in files if isinstance(files, list) else []:
        if isinstance(info, Mapping) and _text(info, "id"):
            yield info
    for attachment in attachments if isinstance(attachments, list) and depth else []:
        if isinstance(attachment, Mapping):
            yield from _objects(attachment, depth - 1)


def _renditions(info: Mapping[str, Any]) -> Iterator[Rendition]:
    """Find the renditions that keep the shape: they come with a width, the small ones, square crops, do not.

    Of a video there is `thumb_video`, a still.
    """
    for name, url in info.items():
        kind = name.removeprefix("thumb_")
        width, height = info.get(f"{name}_w"), info.get(f"{name}_h")
        if not name.startswith("thumb_") or not isinstance(url, str):
            continue
        if isinstance(width, int) and isinstance(height, int):
            if kind.isdecimal() or kind == "video":
                yield Rendition(name, url, width, height)
        elif kind == "video":
            yield Rendition(name, url, 0, 0)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
