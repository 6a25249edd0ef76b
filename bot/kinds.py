"""What a file claims to be, by its media type and its name: a photo that the screening rules may take, or not.

Standard library only: the front door asks this too.
"""

from typing import Final

# Not all of image/…: drawings (image/svg+xml), Photoshop's files and icons are images that nobody here can read.
_TYPES: Final = frozenset(
    f"image/{kind}"
    for kind in (
        *("jpeg", "jpg", "pjpeg", "jfif", "png", "x-png", "apng", "webp", "gif", "bmp", "x-bmp", "x-ms-bmp"),
        *("tiff", "heic", "heif", "heic-sequence", "heif-sequence", "avif"),
    )
) | {"application/heic", "application/heif"}
_SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".heic", ".heif", ".hif", ".avif"),
)
# These say nothing, so that the name has to.
_VAGUE: Final = ("", "application/octet-stream", "binary/octet-stream", "image/*", "image/unknown")


def is_vague(media_type: str | None) -> bool:
    """Whether a media type says nothing."""
    return _bare(media_type) in _VAGUE


def is_photo(media_type: str | None, name: str | None) -> bool:
    """Whether a file claims to be a photo: by its type, or by its name where the type says nothing."""
    if is_vague(media_type):
        return (name or "").lower().endswith(_SUFFIXES)
    return _bare(media_type) in _TYPES


def _bare(media_type: str | None) -> str:
    return (media_type or "").partition(";")[0].strip().lower()
