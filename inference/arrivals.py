"""Uploads while they arrive: the memory that they share, and who makes room in it when there is none left."""

import asyncio
from types import TracebackType
from typing import Self

from common.contract import MAX_IMAGE_BYTES, Code, Refused
from inference.captioner import Deadline, DeadlineExceeded

BUFFERED = 16 * MAX_IMAGE_BYTES
SLOWEST = 2048  # bytes a second; slower than any line that a photo is sent over
GRACE = 5.0  # seconds for which an upload may be slower
WINDOW = 1.0  # seconds; a rate is that of the last one or two
AT_LEAST = 0.1  # seconds over which the rate of a new upload is taken
FASTER = 2  # times as fast must be who wants another one's room


class Buffer:
    """The bytes of uploads that are held at one time, over all requests, so that a crowd can't fill the memory."""

    def __init__(self, limit: int = BUFFERED) -> None:
        self._free = limit
        self.arriving: set[Arrival] = set()

    def take(self, size: int, arrival: "Arrival") -> None:
        """Hold so many bytes more; where there is no room, the slowest upload makes it.

        Raises `Refused` (`overloaded`) where none is much slower than this one.
        """
        while size > self._free:
            slowest = min(self.arriving, key=Arrival.rate, default=arrival)
            if slowest is arrival or slowest.rate() * FASTER > arrival.rate():
                raise Refused(
                    Code.OVERLOADED, "Many photos are arriving right now. Please try again in a second.", retry_after=1
                )
            slowest.make_room()
        self._free -= size

    def give_back(self, size: int) -> None:
        """Hold so many bytes less."""
        self._free += size


class Arrival:
    """One upload. As an async context manager it bounds how long its bytes may take; what it holds is kept after that.

    Leaving it raises `DeadlineExceeded`, or `Refused` for an upload that was too slow, by itself or beside others.
    """

    def __init__(self, buffer: Buffer, deadline: Deadline) -> None:
        self.held = 0
        self._buffer = buffer
        self._gave_way = False
        now = asyncio.get_running_loop().time()
        self._end = now + deadline.remaining()
        self._patience = now + GRACE  # until when it would be fast enough if nothing more came
        self._timeout = asyncio.timeout_at(min(self._end, self._patience))
        self._window, self._window_before = (now, 0), (now, 0)  # since when, and what was held then

    def came(self, size: int) -> None:
        """Hold a piece that came. Raises `Refused` where there is no room for it."""
        if self._gave_way:
            raise self._refusal()
        now = asyncio.get_running_loop().time()
        if now - self._window[0] > WINDOW:
            self._window_before, self._window = self._window, (now, self.held)
        self.held += size
        try:
            self._buffer.take(size, self)
        except Refused:
            self.held -= size
            raise
        self._patience = min(self._patience + size / SLOWEST, now + GRACE)
        self._timeout.reschedule(min(self._end, self._patience))

    def rate(self) -> float:
        """Bytes a second, lately."""
        now = asyncio.get_running_loop().time()
        if now - self._window[0] > 2 * WINDOW:  # a piece after the first of these seconds would have begun another one
            return 0.0
        since, held = self._window if now - self._window[0] > WINDOW else self._window_before
        return (self.held - held) / max(AT_LEAST, now - since)

    def make_room(self) -> None:
        """Give back all that it holds, and end."""
        self._gave_way = True
        self._buffer.arriving.discard(self)
        self.give_back()
        self._timeout.reschedule(0)

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._buffer.give_back(self.held)
        self.held = 0

    def _refusal(self) -> Refused:
        return Refused(
            Code.OVERLOADED,
            "Many photos are arriving right now, and yours was the slowest. Please try again in a moment.",
            retry_after=2,
        )

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._buffer.arriving.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._buffer.arriving.discard(self)
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._gave_way:
                raise self._refusal() from None
            if self._patience < self._end:
                raise Refused(
                    Code.DEADLINE_EXCEEDED, "That photo arrives too slowly. Please send it again, or a smaller version."
                ) from None
            raise DeadlineExceeded from None
