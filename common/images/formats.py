"""An image's format, by its first bytes and whatever its file name claims."""

import re

from common.contract import ACCEPTED, Code, Refused

_MAGIC = (
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "TIFF"),
    # What is reserved after the file's size may hold anything; a header of one of seven sizes follows the offset.
    (re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), "BMP"),
)
_ELSE = (
    (re.compile(rb"%PDF-"), "a PDF, not a photo"),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,48})?\s*<svg", re.DOTALL | re.IGNORECASE),
        "an SVG drawing, not a photo",
    ),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE), "a web page, not a photo"),
    (re.compile(rb"....ftyp(?:isom|iso2|mp4|M4V|qt|3gp|avc1)|\x1aE\xdf\xa3", re.DOTALL), "a video, not a photo"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive or an office document, not a photo"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "a JPEG XL picture, and I do not know that format"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000 picture, and I do not know that format"),
)
# Where EXIF data begins, with its first directory behind its header, and how many entries that has.
_EXIF = re.compile(rb"(II\*\0\x08\0\0\0|MM\0\*\0\0\0\x08)..", re.DOTALL)
_AVIF = {b"avif", b"avis", b"MA1A", b"MA1B"}
_HEIF = {*(b"hei" + kind for kind in (b"c", b"x", b"m", b"s")), *(b"hev" + kind for kind in (b"c", b"x", b"m", b"s"))}
# Brands that only say that there are images inside; of which kind, the others say.
_EITHER = {b"mif1", b"mif2", b"msf1", b"miaf", b"1pic"}
MAGIC_BYTES = 256


def sniff(data: bytes) -> str:
    """Tell an image's format, by Pillow's name for it. Raises `Refused` where it is none that is read here."""
    head = data[:MAGIC_BYTES]
    for magic, name in _MAGIC:
        if magic.match(head):
            return name
    if head[4:8] == b"ftyp" and (found := _of_brands(head)):
        return found
    for magic, what in _ELSE:
        if magic.match(head):
            raise Refused(Code.UNSUPPORTED_FORMAT, f"That is {what}. I can read {ACCEPTED}.")
    raise Refused(Code.UNSUPPORTED_FORMAT, f"That is not an image that I can read. Please send {ACCEPTED}.")


def digestible(kind: str, data: bytes) -> bytes:
    """An AVIF or HEIF file as its decoder can take it.

    It looks for some major brands, and goes by no more than those. Of an AVIF file that is turned, Pillow writes the
    EXIF data anew, which fails where a tag has a wrong type, and which nobody needs.
    """
    if kind == "AVIF":
        data = _EXIF.sub(rb"\1\0\0", data)
    wanted = {"AVIF": b"avif", "HEIF": b"heic"}.get(kind)
    known = {"AVIF": _AVIF - {b"MA1A", b"MA1B"}, "HEIF": _HEIF | {b"mif1", b"msf1"}}.get(kind, set())
    return data if wanted is None or data[8:12] in known else data[:8] + wanted + data[12:]


def _of_brands(head: bytes) -> str | None:
    """Read a file type box: its size, its major brand, a version, compatible brands (ISO/IEC 14496-12, 4.3)."""
    size = int.from_bytes(head[:4], "big")
    major, compatible = head[8:12], {head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4)}
    if major in _AVIF or (major in _EITHER and compatible & _AVIF):
        return "AVIF"
    return "HEIF" if major in _HEIF | _EITHER else None
