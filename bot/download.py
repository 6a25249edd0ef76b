"""Reading a file of which nobody has proved the size."""

from collections.abc import AsyncIterable

from bot import messages
from bot.errors import Declined
from common.contract import Code


async def collect(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    """Join the chunks of a download of at most `limit` bytes.

    Raises Declined as soon as there are more, whatever the platform said the size was.
    """
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise Declined(messages.too_large(size, limit), Code.IMAGE_TOO_LARGE)
        parts.append(chunk)
    return b"".join(parts)
