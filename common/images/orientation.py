"""How a photo has to be turned to be seen as its photographer saw it: EXIF's word for it, wherever it is written."""

import re
import zlib

from PIL import Image

TAG = 0x0112
_IN_XMP = re.compile(rb"""tiff:Orientation(?:\s*=\s*["']|\s*>)\s*([1-8])""")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LONGEST_XMP = 4 * 1024 * 1024  # bytes


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn the pixels, and nothing else: rewriting the metadata fails where a camera wrote a tag of a wrong type."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def of_exif(exif: bytes) -> int | None:
    """The orientation (1 to 8) in EXIF data; None where there is none that can be read."""
    found = Image.Exif()
    try:
        found.load(exif)
        value = found.get(TAG)
        if isinstance(value, tuple | list | bytes):
            value = value[0]
        orientation = int(value) if value is not None else 0
    except Exception:  # noqa: BLE001 (a camera's tags may be anything, and none is worth a photo)
        return None
    return orientation if 1 <= orientation <= len(_TURNS) + 1 else None


def of_xmp(xmp: bytes) -> int | None:
    """The orientation in an XMP packet."""
    found = _IN_XMP.search(xmp)
    return int(found[1]) if found else None


def of_raw_profile(text: bytes) -> int | None:
    """The orientation in what ImageMagick calls a raw profile: a name, a length, and the bytes in hexadecimal."""
    try:
        data = bytes.fromhex("".join(text.decode("ascii").split("\n")[3:]))
    except ValueError:
        return None
    return of_exif(data) or of_xmp(data)


def of_info(kind: str, info: dict[str | tuple[int, int], object]) -> int | None:
    """The orientation that Pillow found, where that is left to do: TIFF and HEIF are turned while they are decoded."""
    if kind in {"TIFF", "HEIF"}:
        return None
    exif, xmp = info.get("exif"), info.get("xmp")
    found = of_exif(exif) if isinstance(exif, bytes) else None
    # What an AVIF file's own boxes say is in its EXIF by now, and goes before what else is in there.
    return of_xmp(xmp) if found is None and kind != "AVIF" and isinstance(xmp, bytes) else found


def inflated(data: bytes) -> bytes:
    """Decompress metadata, no more of it than an orientation is looked for in."""
    try:
        return zlib.decompressobj().decompress(data, LONGEST_XMP)
    except zlib.error:
        return b""
