"""What there is to look at in a message: a photo, an image file, a sticker, or a still of what moves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from telegram import Document, ExternalReplyInfo, Message, PhotoSize

from bot import kinds

# Pixels on each side that the model looks at.
MODEL_SIDE: Final = 224
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

Pictured = Message | ExternalReplyInfo


@dataclass(frozen=True)
class Picture:
    """A file of Telegram's: its size in bytes and its media type where they are told.

    `still_of` names what moves, if it is only a still of that.
    """

    file_id: str
    size: int | None
    media_type: str | None
    still_of: str | None = None


def picture_of(message: Pictured, limit: int | None = None) -> Picture | None:
    """Find the picture of a message; of an image file of more bytes than the limit, its thumbnail if that will do."""
    if message.photo:
        return _rendition(message.photo)
    if message.animation or message.video or message.video_note:
        return _still(_moving(message), kind_of(message))
    if sticker := message.sticker:
        if sticker.is_animated or sticker.is_video:
            return _still([sticker.thumbnail] if sticker.thumbnail else [], kind_of(message))
        return Picture(sticker.file_id, sticker.file_size, "image/webp")
    return _in_document(message.document, limit) if message.document else None


def kind_of(message: Pictured) -> str:
    """Name what is in a message that is no photo, with its article; "" for text and notices."""
    return next((name for field, name in _KINDS.items() if getattr(message, field, None)), "")


def smallest_covering(sizes: Sequence[PhotoSize]) -> PhotoSize:
    """Choose the smallest rendition that loses nothing at the model's input, or the largest there is."""
    covering = [size for size in sizes if _covers(size)]
    return min(covering, key=_area) if covering else max(sizes, key=_area)


def _rendition(sizes: Sequence[PhotoSize]) -> Picture:
    size = smallest_covering(sizes)
    return Picture(size.file_id, size.file_size, "image/jpeg")


def _still(sizes: Sequence[PhotoSize], kind: str) -> Picture | None:
    if not sizes:
        return None
    size = smallest_covering(sizes)
    # A sticker's is a WebP, or a JPEG: not told.
    return Picture(size.file_id, size.file_size, None, kind)


def _moving(message: Pictured) -> list[PhotoSize]:
    """List the pictures of a video or of something like it: a cover that somebody chose goes before the thumbnail."""
    if message.video and message.video.cover:
        return list(message.video.cover)
    return list(_thumbnails(message))


def _thumbnails(message: Pictured) -> Iterator[PhotoSize]:
    for medium in (message.animation, message.video, message.video_note):
        if medium and medium.thumbnail:
            yield medium.thumbnail


def _in_document(document: Document, limit: int | None) -> Picture | None:
    thumbnail = document.thumbnail
    if (document.mime_type or "").startswith("video/"):
        return _still([thumbnail] if thumbnail else [], "a video")
    if not kinds.is_photo(document.mime_type, document.file_name):
        return None
    heavy = limit is not None and (document.file_size or 0) > limit
    if heavy and thumbnail and _covers(thumbnail):
        return _rendition([thumbnail])
    claimed = document.mime_type if (document.mime_type or "").startswith("image/") else None
    return Picture(document.file_id, document.file_size, claimed)


def _covers(size: PhotoSize) -> bool:
    return min(size.width, size.height) >= MODEL_SIDE


def _area(size: PhotoSize) -> int:
    return size.width * size.height
