"""The rules that an image must pass, in the order that costs least.

Declared length, bytes, magic bytes, header, and only then pixels. The endpoint and the bot apply the same ones.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from common.contract import ACCEPTED, MAX_IMAGE_BYTES, MAX_PIXELS, Code, Refused, megabytes

# The most frequent decoders, with which the first photo need not wait then. Asked for another one, Pillow would import
# all of its forty; so that one is named.
Image.preinit()
_LATE = {"AVIF": "PIL.AvifImagePlugin", "TIFF": "PIL.TiffImagePlugin", "WEBP": "PIL.WebPImagePlugin"}
# `inspect` refuses by our own limit, which names the image's figure; Pillow's would only warn at twice as much.
Image.MAX_IMAGE_PIXELS = None

_MAGIC = (
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "TIFF"),
    # Bytes 4-7 are the box's type, 8-11 the major brand, then a version and the compatible brands
    # (ISO/IEC 14496-12, 4.3).
    (re.compile(rb"....ftyp(?:avif|avis)", re.DOTALL), "AVIF"),
    (re.compile(rb"....ftyp(?:hei[cxms]|hev[cxms])", re.DOTALL), "HEIF"),
    (re.compile(rb"....ftypmi[fa]1.{4}(?:.{4})*?avi[fs]", re.DOTALL), "AVIF"),
    (re.compile(rb"....ftypm[is]f1", re.DOTALL), "HEIF"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "BMP"),
)
_MAGIC_BYTES = 64

_ELSE = (
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,48})?\s*<svg", re.DOTALL | re.IGNORECASE), "an SVG drawing"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE), "a web page"),
    (re.compile(rb"....ftyp(?:isom|iso2|mp4|M4V|qt|3gp|avc1)|\x1aE\xdf\xa3", re.DOTALL), "a video"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive or an office document"),
)


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


def sniff(data: bytes) -> str:
    """Tell an image's format, by Pillow's name for it, from its first bytes; whatever its file name claims."""
    head = data[:_MAGIC_BYTES]
    for magic, name in _MAGIC:
        if magic.match(head):
            return name
    for magic, name in _ELSE:
        if magic.match(head):
            raise Refused(Code.UNSUPPORTED_FORMAT, f"That is {name}, not a photo. I can read {ACCEPTED}.")
    raise Refused(Code.UNSUPPORTED_FORMAT, f"That is not an image that I can read. Please send {ACCEPTED}.")


def inspect(data: bytes, limit: int = MAX_IMAGE_BYTES) -> Header:
    """Apply every rule that needs no pixel; raises `Refused`."""
    check_length(len(data), limit)
    with _opened(data) as image:
        return _header(image)


def decode(data: bytes, cover: tuple[int, int]) -> Image.Image:
    """Decode an image upright, in RGB, on white, at a scale that still covers (height, width) twice over.

    Twice, because a resampling filter needs that much to give what it would have given from all of the pixels.
    Of an animation it is the first frame. Raises `Refused`.
    """
    with _opened(data) as image:
        _header(image)
        # The photo may lie on its side, so both of its edges must cover the longer one. Only JPEG has scales to offer.
        enough = 2 * max(cover)
        image.draft("RGB", (enough, enough))
        image.load()
        spare = min(image.size) // enough
        smaller = image.reduce(spare) if spare > 1 and image.mode in {"RGB", "RGBA", "L", "LA", "CMYK"} else image
        return ImageOps.exif_transpose(_rgb(smaller))


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """Open an image with the decoder of its magic bytes alone, and turn any decoder's complaint into a refusal."""
    name = sniff(data)
    if name == "HEIF":
        # Here and not above: few photos are HEIC, and the library takes as long to import as Pillow.
        from pillow_heif import register_heif_opener

        register_heif_opener()
    elif name in _LATE:
        importlib.import_module(_LATE[name])
    try:
        with Image.open(BytesIO(data), formats=[name]) as image:
            yield image
    except Refused:
        raise
    except MemoryError:
        raise Refused(
            Code.TOO_MANY_PIXELS, "That image takes more memory than I have. Please send a smaller one."
        ) from None
    except Exception as error:
        # On damaged files Pillow's decoders raise whatever their parsing trips over.
        raise Refused(
            Code.CORRUPT_IMAGE, f"That {name} file is damaged or incomplete. Please send it again."
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
    return Header(image.format or "", width, height)


def _rgb(image: Image.Image) -> Image.Image:
    """Convert any of Pillow's modes to RGB, with transparency on white. EXIF stays with the image."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    exif = image.info.get("exif")
    image = image.convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    if exif:
        flat.info["exif"] = exif
    return flat


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating-point gray to 8 bits, where Pillow's own conversion would clip it."""
    wide = image.convert("F")
    low, high = wide.getextrema()
    if not isinstance(high, float) or not isinstance(low, float):
        raise TypeError("gray has one band")
    unit = image.mode == "F" and low >= 0.0 and high <= 1.0
    white = 1.0 if unit else max(high, 255.0 if image.mode == "F" else 65535.0)
    return wide.point(lambda value: value * (255.0 / white)).convert("L")
