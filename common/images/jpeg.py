"""A JPEG file by its markers (ITU-T T.81, annex B): what nobody needs is left out, and its passes are counted.

Each scan of a progressive file is a pass over the whole photo, and nothing limits how many there are: one of a megabyte
may keep a decoder busy for minutes.
"""

import re
from dataclasses import dataclass

from common.contract import Code, Refused
from common.images.orientation import of_exif, of_xmp

MOST_WORK = 750_000_000  # pixels times scans; half a second was measured
MOST_SEGMENTS = 10_000
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
# JFIF and Adobe say how to read the colours; all other application data, and comments, are for others.
_LEFT_OUT = {*range(0xE1, 0xF0), 0xFE} - {0xEE}
_EXIF, _XMP = b"Exif\0", b"http://ns.adobe.com/xap/1.0/\0"
# Within a scan, 0xFF is followed by 0, or by a restart marker.
_NEXT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


@dataclass(frozen=True)
class Slim:
    """An image without its metadata, and the orientation (1 to 8) that was among that."""

    data: bytes
    orientation: int | None


def slim(data: bytes) -> Slim:
    """Leave out the metadata. Raises `Refused` for more scans than a photo needs.

    What does not follow the format is left as it is, for the decoder to judge.
    """
    kept, at, kept_from = [], 2, 0
    exif = xmp = frame = None
    for _ in range(MOST_SEGMENTS):
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            break
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == _END or end < at + 4 or end > len(data):
            break
        if marker in _FRAMES:
            frame = data[at:end]
        if marker == _SCAN:
            if frame is not None and len(frame) >= 10:
                _count(data, at, end, frame)
            break
        if marker in _LEFT_OUT:
            kept.append(data[kept_from:at])
            kept_from = end
            content = data[at + 4 : end]
            if marker == 0xE1 and content.startswith(_EXIF) and exif is None:
                exif = of_exif(b"Exif\0\0" + content[6:])
            elif marker == 0xE1 and content.startswith(_XMP) and xmp is None:
                xmp = of_xmp(content)
        at = end
    else:
        raise _too_many_pieces()
    orientation = xmp if exif is None else exif
    return Slim(b"".join([*kept, data[kept_from:]]) if kept else data, orientation)


def _count(data: bytes, at: int, end: int, frame: bytes) -> None:
    """Refuse more work than a photo is worth; `at` and `end` are those of the first scan's header."""
    height, width, components = int.from_bytes(frame[5:7], "big"), int.from_bytes(frame[7:9], "big"), frame[9]
    if frame[1] not in _PROGRESSIVE and data[at + 4 : at + 5] == bytes([components]):
        return  # all of the photo in one scan, after which the decoder stops
    scans, segments = 1, 0
    while found := _NEXT.search(data, end):
        marker, at = found[0][1], found.start()
        if marker == _END:
            return
        end = at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        scans, segments = scans + (marker == _SCAN), segments + 1
        if scans * width * height > MOST_WORK and scans > 1:
            raise Refused(
                Code.TOO_MANY_PIXELS,
                f"That JPEG is stored in more passes than I may spend on one of {width:,} × {height:,} pixels. Please "
                "save it anew, or at a smaller size.",
            )
        if segments > MOST_SEGMENTS:
            raise _too_many_pieces()


def _too_many_pieces() -> Refused:
    return Refused(
        Code.CORRUPT_IMAGE,
        "That JPEG is cut into more pieces than any camera makes. Please save it anew and send that.",
    )


def completed(data: bytes) -> tuple[bytes, bytes] | None:
    """A file that lacks its end marker, completed in two ways, or None for one that has it.

    Where no more than the marker is missing, what stands before it is not looked at, and both are the same picture;
    where some of the photo is missing, each has another filling in its place.
    """
    if data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return None
    end = b"\xff\xd9"
    return data + end, data + b"\x5a\xa5\x3c\x96" * 16 + end
