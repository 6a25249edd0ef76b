"""Files of few bytes that would keep a decoder busy for long, over a real socket: refused, or stopped in time."""

import struct
import time
import zlib

import pytest
from PIL import Image

from inference.settings import InferenceSettings
from tests.inference.images import encoded, photo
from tests.inference.serving import JPEG, Painter, answers, post, refused, serving


def with_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is there so many times more."""
    whole = encoded(photo(width, height), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * scans + b"\xff\xd9"


def bitmap(width: int, height: int, runs: bytes) -> bytes:
    """A BMP of 256 colours that is compressed by run lengths."""
    palette, start = bytes(range(256)) * 4, 14 + 40 + 1024
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + header + palette + runs


def png_of(width: int, height: int, extra: bytes = b"") -> bytes:
    """A white PNG of any size in few bytes, with chunks between its header and its pixels."""
    packer, row = zlib.compressobj(9), b"\0" + b"\xff" * width
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def gif_of(extensions: int) -> bytes:
    """A GIF with so many comments before its picture."""
    whole = encoded(Image.new("P", (16, 16), 3), "GIF")
    at = 13 + 3 * 2 ** ((whole[10] & 7) + 1)
    return whole[:at] + b"\x21\xfe\x01a\0" * extensions + whole[at:]


def tiff_of(strips: int) -> bytes:
    """A TIFF that says it has so many strips."""
    tags = [(256, 3, 1, 1), (257, 4, 1, strips), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, strips, 200), (278, 3, 1, 1)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(200 + 4 * strips)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (with_scans(2000, 2000, 400), 413, "too_many_pixels"),
        (with_scans(640, 480, 8000), 413, "too_many_pixels"),
        (b"\xff\xd8" + b"\xff\xe5\0\2" * 1_000_000, 400, "corrupt_image"),
        (bitmap(7000, 7000, b"\x01\x01\0\0" * 7000 + b"\0\1"), 413, "too_many_pixels"),
        (png_of(16, 16, chunk(b"teXx", b"") * 400_000), 400, "corrupt_image"),
        (png_of(1, 1_000_000), 413, "too_many_pixels"),
        (gif_of(1_000_000), 400, "corrupt_image"),
        (tiff_of(1_000_000), 413, "too_many_pixels"),
    ],
    ids=["scans", "small scans", "segments", "run lengths", "chunks", "a line", "extensions", "strips"],
)
def test_what_would_keep_a_decoder_busy_is_refused_soon(url: str, data: bytes, status: int, code: str) -> None:
    assert len(data) < 6_291_456
    answers(url)
    started = time.monotonic()
    refused(post(url, content=data), status, code)
    assert time.monotonic() - started < 5  # most take milliseconds, on a machine with nothing else to do
    assert answers(url)


@pytest.mark.parametrize(
    "data",
    [
        encoded(photo(3000, 2000), "JPEG", progressive=True),
        with_scans(1000, 1000, 90),
        bitmap(64, 48, b"\x40\x01\0\0" * 48 + b"\0\1"),
        gif_of(100),
        png_of(300, 200, chunk(b"teXx", b"") * 1000),
    ],
    ids=["progressive", "ninety scans", "run lengths", "extensions", "chunks"],
)
def test_what_is_within_the_bounds_is_seen(url: str, data: bytes) -> None:
    assert post(url, content=data).status_code == 200


def test_a_decoder_is_stopped_at_the_deadline() -> None:
    slow = bitmap(2000, 2000, b"\x01\x01\0\0" * 2000 + b"\0\1")  # which takes some seconds
    with serving(InferenceSettings(caption_deadline=0.5), Painter()) as url:
        started = time.monotonic()
        refused(post(url, content=slow), 504, "deadline_exceeded")
        assert time.monotonic() - started < 2.5
        assert post(url, content=JPEG).status_code == 200
