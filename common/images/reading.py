"""The bytes of an image as a decoder reads them, so that it can be stopped; and what is refused before it begins."""

import struct
from collections.abc import Callable, Iterator
from io import BytesIO

from common.contract import Code, Refused

MOST_READS = 100_000  # until an image is opened; a header needs some dozens
LONG_READ = 1024  # bytes
MOST_RUN_LENGTH_PIXELS = 4_000_000  # which Pillow decodes in Python: 0.7 s a million were measured
MOST_PIECES = 100_000  # strips or tiles


class Reading(BytesIO):
    """An image's bytes. `check` is called now and then, and may raise; `stopped` is what was raised."""

    def __init__(self, data: bytes, check: Callable[[], None] | None) -> None:
        super().__init__(data)
        self._check = check
        self._reads = 0
        self.opened = False
        self.stopped: Exception | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on, unless it is time to stop."""
        self._reads += 1
        try:
            self._look_up(size)
        except Exception as error:
            self.stopped = error
            raise
        return super().read(size)

    def _look_up(self, size: int | None) -> None:
        if not self.opened and self._reads > MOST_READS:
            raise Refused(
                Code.CORRUPT_IMAGE, "That file is cut into more pieces than any photo. Please save it anew and send it."
            )
        if self._check and (self._reads % 64 == 0 or size is None or size > LONG_READ):
            self._check()


def check_work(kind: str, data: bytes) -> None:
    """Refuse what would take a decoder long however few bytes it has. Raises `Refused`."""
    if kind == "BMP":
        _check_bmp(data)
    elif kind == "TIFF":
        _check_tiff(data)


def _check_bmp(data: bytes) -> None:
    """Look at a bitmap's size and compression: 1 and 2 are run lengths."""
    if len(data) < 34 or int.from_bytes(data[14:18], "little") < 40:
        return
    width, height = struct.unpack_from("<ii", data, 18)
    if int.from_bytes(data[30:34], "little") in {1, 2} and abs(width * height) > MOST_RUN_LENGTH_PIXELS:
        raise Refused(
            Code.TOO_MANY_PIXELS,
            f"That BMP is compressed in a way that takes me long, with {abs(width * height) / 1e6:,.0f} megapixels; I "
            f"can read up to {MOST_RUN_LENGTH_PIXELS / 1e6:.0f} so. Please save it as PNG or JPEG and send that.",
        )


def _check_tiff(data: bytes) -> None:
    """Count the strips or tiles of the first image."""
    if any(tag in {273, 324} and count > MOST_PIECES for tag, count in _tags(data)):
        raise Refused(
            Code.TOO_MANY_PIXELS, "That TIFF is cut into more pieces than I may put together. Please save it anew."
        )


def _tags(data: bytes) -> Iterator[tuple[int, int]]:
    """The tags of a TIFF file's first image, each with how many values it has."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\0", b"\0+"}
    count_format, entry_format, size = ("Q", "HHQ", 20) if big else ("H", "HHI", 12)
    try:
        [start] = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        [entries] = struct.unpack_from(order + count_format, data, start)
        first = start + struct.calcsize(count_format)
        for number in range(min(entries, MOST_PIECES)):
            tag, _, count = struct.unpack_from(order + entry_format, data, first + number * size)
            yield tag, count
    except (struct.error, OverflowError):
        return  # damaged, as the decoder will say
