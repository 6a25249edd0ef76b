"""The rules that an image must pass, in the order that costs least.

Declared length, bytes, magic bytes, header, work, and only then pixels. The endpoint and the bot apply the same ones.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image

from common.contract import MAX_IMAGE_BYTES, MAX_PIXELS, Code, Refused, megabytes
from common.images import jpeg, orientation, png, reading
from common.images.formats import digestible, sniff
from common.images.pixels import rgb
from common.images.reading import Reading

__all__ = ["Header", "check_length", "decode", "inspect", "sniff"]

# The most frequent decoders, with which the first photo need not wait then. Asked for another one, Pillow would import
# all of its forty; so that one is named.
Image.preinit()
_LATE = {"AVIF": "PIL.AvifImagePlugin", "TIFF": "PIL.TiffImagePlugin", "WEBP": "PIL.WebPImagePlugin"}
# `inspect` refuses by our own limit, which names the image's figure; Pillow's would only warn at twice as much.
Image.MAX_IMAGE_PIXELS = None
LONGEST_EDGE = 100_000  # pixels; beyond that a row costs more than its pixels
Check = Callable[[], None]


@dataclass(frozen=True)
class Header:
    """What an image says of itself before its pixels are decoded: Pillow's format name, and pixels."""

    format: str
    width: int
    height: int


def check_length(length: int, limit: int = MAX_IMAGE_BYTES) -> None:
    """Refuse an image of no bytes, or of more bytes than the limit."""
    if length == 0:
        raise Refused(Code.EMPTY_IMAGE, "That image is empty: it has no bytes at all. Please send it again.")
    if length > limit:
        raise Refused(
            Code.IMAGE_TOO_LARGE,
            f"That image is {megabytes(length)}; I can read up to {megabytes(limit)}. Please send a smaller version.",
        )


def inspect(data: bytes, limit: int = MAX_IMAGE_BYTES) -> Header:
    """Apply every rule that needs no pixel; raises `Refused`."""
    check_length(len(data), limit)
    kind = sniff(data)
    slim = _slim(kind, data)
    with _opened(kind, slim.data) as image:
        return _header(image)


def decode(data: bytes, cover: tuple[int, int], check: Check | None = None) -> Image.Image:
    """Decode an image upright, in RGB, on white, at a scale that still covers (height, width) twice over.

    Twice, because a resampling filter needs that much to give what it would have given from all of the pixels.
    Of an animation it is the first frame. `check` is called while it is decoded, as often as its format allows. Raises
    `Refused`, and what `check` raises.
    """
    kind = sniff(data)
    slim = _slim(kind, data)
    # The photo may lie on its side, so both of its edges must cover the longer one.
    enough = 2 * max(cover)
    try:
        return _decoded(kind, slim, enough, check)
    except Refused:
        two = jpeg.completed(slim.data) if kind == "JPEG" else None
        if two is None:
            raise
        one, other = (_decoded(kind, jpeg.Slim(ended, slim.orientation), enough, check) for ended in two)
        if one.tobytes() != other.tobytes():
            raise
        return one


def _decoded(kind: str, slim: jpeg.Slim, enough: int, check: Check | None) -> Image.Image:
    with _opened(kind, slim.data, check) as image:
        _header(image)
        tiles = getattr(image, "tile", None)
        rawmode = str(tiles[0].args) if tiles else ""
        # Only JPEG has scales to offer.
        image.draft("RGB", (enough, enough))
        image.load()
        turn = slim.orientation or orientation.of_info(kind, image.info)
        spare = min(image.size) // enough
        smaller = image.reduce(spare) if spare > 1 and image.mode in {"RGB", "RGBA", "L", "LA", "CMYK"} else image
        return orientation.upright(rgb(smaller, rawmode), turn or 1)


def _slim(kind: str, data: bytes) -> jpeg.Slim:
    """The image without what nobody needs of it, which can't be the cause of a refusal then; raises `Refused`."""
    if kind == "JPEG":
        return jpeg.slim(data)
    if kind == "PNG":
        return png.slim(data)
    reading.check_work(kind, data)
    return jpeg.Slim(digestible(kind, data), None)


@contextmanager
def _opened(kind: str, data: bytes, check: Check | None = None) -> Iterator[Image.Image]:
    """Open an image with the decoder of its format alone, and turn any decoder's complaint into a refusal."""
    if kind == "HEIF":
        # Here and not above: few photos are HEIC, and the library takes as long to import as Pillow.
        from pillow_heif import register_heif_opener

        register_heif_opener()
    elif kind in _LATE:
        importlib.import_module(_LATE[kind])
    stream = Reading(data, check)
    try:
        with Image.open(stream, formats=[kind]) as image:
            stream.opened = True
            yield image
    except Refused:
        raise
    except MemoryError:
        raise Refused(
            Code.TOO_MANY_PIXELS, "That image takes more memory than I have. Please send a smaller one."
        ) from None
    except Exception as error:
        if stream.stopped is not None:
            raise stream.stopped from None
        # On damaged files Pillow's decoders raise whatever their parsing trips over.
        raise Refused(
            Code.CORRUPT_IMAGE, f"That {kind} file is damaged or incomplete. Please send it again."
        ) from error


def _header(image: Image.Image) -> Header:
    """Read an opened image's header and refuse more pixels than would be decoded in reasonable memory."""
    width, height = image.size
    if width < 1 or height < 1:
        raise Refused(Code.CORRUPT_IMAGE, "That image has no pixels. Please send it again.")
    if width * height > MAX_PIXELS:
        raise Refused(
            Code.TOO_MANY_PIXELS,
            f"That image has {width * height / 1e6:,.0f} megapixels ({width:,} × {height:,}); I can read up to "
            f"{MAX_PIXELS / 1e6:.0f}. Please send a smaller version.",
        )
    if max(width, height) > LONGEST_EDGE:
        raise Refused(
            Code.TOO_MANY_PIXELS,
            f"That image is {max(width, height):,} pixels long; I can read up to {LONGEST_EDGE:,}. Please cut it into "
            "pieces.",
        )
    return Header(image.format or "", width, height)
