"""From the downloaded bytes to the few that travel to the endpoint."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from bot.errors import Declined
from common import screening
from common.contract import Refused

# Small enough to travel as it is: an encoding of our own would only cost time and quality.
LIGHT = 1_000_000  # bytes
# The encoder sees a few hundred pixels. `decode` keeps at least twice the size that it is told to cover.
COVER = (256, 256)
# JPEG has no side over 65,535 pixels; of a strip this much longer than wide a caption says nothing more.
LONGEST = 8192
QUALITIES = (90, 75, 50)


# One photo at a time in this process, in the order of their coming, and always in the same thread: a photo takes up to
# 11 bytes a pixel while it is decoded (16-bit gray and palettes with transparency; 560 MB for 50 megapixels), and the C
# library keeps much of that for the thread that had it.
_decoder = ThreadPoolExecutor(1, thread_name_prefix="decoder")


def prepare(image: bytes, limit: int) -> bytes:
    """Screen an encoded image of at most `limit` bytes; return it, or a JPEG of it when it is heavy.

    Raises Declined with the screening rules' sentence. Takes CPU time, and waits for its turn: call it in a thread.
    """
    try:
        screening.inspect(image, limit)
        return image if len(image) <= LIGHT else _decoder.submit(_shrink, image).result()
    except Refused as refused:
        raise Declined(refused.message, refused.code) from None


def _shrink(image: bytes) -> bytes:
    pixels = screening.decode(image, COVER)
    # Some kinds come out as large as they are.
    spare = min(pixels.size) // (2 * max(COVER))
    if spare > 1:
        pixels = pixels.reduce(spare)
    pixels.thumbnail((LONGEST, LONGEST))
    # The pixels are upright by now: the orientation that came with them must not turn them again.
    pixels.info.pop("exif", None)
    for quality in QUALITIES:
        out = BytesIO()
        pixels.save(out, "JPEG", quality=quality)
        if out.tell() <= LIGHT:
            break
    return out.getvalue()
