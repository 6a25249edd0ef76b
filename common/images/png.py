"""A PNG file by its chunks (https://www.w3.org/TR/png-3/#5Chunk-layout): what nobody needs is left out.

Programs keep whole workflows in a screenshot's text, and decoders refuse a photo for a text of a megabyte.
"""

from common.contract import Code, Refused
from common.images import orientation
from common.images.jpeg import Slim

MOST_CHUNKS = 50_000
_MAGIC = 8  # bytes
_NEEDED = {b"tRNS", b"eXIf"}  # of the chunks that a decoder may pass over: those in lower case


def slim(data: bytes) -> Slim:
    """Leave out text, colour profiles and an animation's frames.

    Raises `Refused` for more chunks than a photo needs; what does not follow the format is left to the decoder.
    """
    kept, at, kept_from, turn = [], _MAGIC, 0, None
    for _ in range(MOST_CHUNKS):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(kind) < 4 or end > len(data):
            break
        if kind[:1].islower() and kind not in _NEEDED:
            kept.append(data[kept_from:at])
            kept_from = end
            if turn is None:
                turn = _orientation(kind, data[at + 8 : end - 4])
        at = end
    else:
        raise Refused(
            Code.CORRUPT_IMAGE,
            "That PNG is cut into more pieces than any program makes. Please save it anew and send it.",
        )
    return Slim(b"".join([*kept, data[kept_from:]]) if kept else data, turn)


def _orientation(kind: bytes, content: bytes) -> int | None:
    """Look for an orientation in a text chunk."""
    keyword, _, text = content.partition(b"\0")
    if kind == b"iTXt" and keyword == b"XML:com.adobe.xmp":
        # A flag for compression, its method, a language and a translated keyword come first.
        packed = text[:1] == b"\1"
        packet = text[2:].split(b"\0", 2)[-1]
        return orientation.of_xmp(orientation.inflated(packet) if packed else packet)
    if kind in {b"tEXt", b"zTXt"} and keyword.startswith(b"Raw profile type "):
        return orientation.of_raw_profile(orientation.inflated(text[1:]) if kind == b"zTXt" else text)
    return None
