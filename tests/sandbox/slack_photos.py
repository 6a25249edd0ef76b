"""Uploads and the renditions that Slack makes of them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

# Slack crops the three small ones to squares; the others keep the shape. Each bounds the longest side, but thumb_800
# bounds the width only. None is made larger than the photo is.
SQUARES = (64, 80, 160)
BOXES = (360, 480, 720, 800, 960, 1024)
# All that an event tells of some files, beside the id.
STUBS: dict[str, dict[str, Any]] = {
    "check_file_info": {"mode": "file_access", "file_access": "check_file_info", "user_team": "T0OTHER"},
    "access_denied": {"file_access": "access_denied", "created": 0, "timestamp": 0, "user": "U0ALICE"},
    "file_not_found": {"mode": "file_access", "file_access": "file_not_found"},
    "hidden_by_limit": {"mode": "hidden_by_limit"},
    "tombstone": {"mode": "tombstone"},
}


@dataclass(frozen=True)
class Upload:
    """A file that a person sends.

    `mimetype` None: as Slack would guess it from the bytes; "" is what it sometimes sends just after an upload.
    `renditions_after`: how many files.info calls come back without renditions; 0 means the event has them already.
    `renditions` False: Slack never makes any. `stub`: a Slack Connect file, of which the event has only the id; or
    another one of STUBS. `url`: what url_private says instead of the file host's own URL. `stated_size`: what the file
    object claims. `poster`: the still that Slack takes of a video.
    """

    data: bytes
    name: str = "photo.jpg"
    mimetype: str | None = None
    renditions: bool = True
    renditions_after: int = 0
    stub: bool | str = False
    url: str | None = None
    stated_size: int | None = None
    poster: bytes | None = None


@dataclass(frozen=True)
class Rendition:
    name: str  # thumb_360
    data: bytes
    width: int
    height: int
    suffix: str
    media_type: str

    def fields(self, original_url: str) -> dict[str, Any]:
        """The fields that a file object has about this rendition; Slack gives no size for the squares."""
        url = original_url.replace("/files-pri/", "/files-tmb/").rsplit("/", 1)[0] + f"/{self.name}.{self.suffix}"
        if self.name.removeprefix("thumb_") in map(str, SQUARES):
            return {self.name: url}
        return {self.name: url, f"{self.name}_w": self.width, f"{self.name}_h": self.height}


def still(data: bytes) -> Rendition:
    """Make the picture that Slack shows of a video."""
    with Image.open(io.BytesIO(data)) as image:
        return Rendition("thumb_video", data, *image.size, "jpeg", "image/jpeg")


def guess_mimetype(data: bytes, name: str) -> str:
    known = {"heic": "image/heic", "pdf": "application/pdf", "mp4": "video/mp4", "txt": "text/plain"}
    try:
        with Image.open(io.BytesIO(data)) as image:
            return Image.MIME.get(image.format or "", "application/octet-stream")
    except OSError:
        return known.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")


def size_of(data: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except OSError:
        return None


def render(data: bytes) -> list[Rendition]:
    """Make the renditions of a photo; none of what Pillow cannot read (Slack makes none of many formats either)."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            upright = ImageOps.exif_transpose(opened)
            as_png = opened.format == "PNG"
            image = upright.convert("RGBA" if as_png else "RGB")
    except OSError:
        return []
    return list(_renditions(image, as_png=as_png))


def _renditions(image: Image.Image, *, as_png: bool) -> Iterator[Rendition]:
    suffix, format_, media_type = ("png", "PNG", "image/png") if as_png else ("jpg", "JPEG", "image/jpeg")
    previous = 0
    for side in SQUARES + BOXES:
        if side in BOXES and previous >= max(image.size):
            break
        if side in SQUARES:
            small = ImageOps.fit(image, (side, side))
        else:
            small = image.copy()
            small.thumbnail((side, side if side != 800 else 10_000), reducing_gap=2)
            previous = side
        buffer = io.BytesIO()
        small.save(buffer, format_)
        yield Rendition(f"thumb_{side}", buffer.getvalue(), small.width, small.height, suffix, media_type)
