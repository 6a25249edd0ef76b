"""What the code far below an attempt has to know of it, whichever framework is in between."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

Tidying = Callable[[], Awaitable[None]]

number: ContextVar[int] = ContextVar("number", default=1)
"""How often this event was taken up, this time included."""

tidying: ContextVar[list[Tidying] | None] = ContextVar("tidying", default=None)
"""Where to leave what can wait until the reply is noted; None where nobody takes notes."""


def patience(first: float, longest: float) -> float:
    """Seconds to wait for a platform: `first` in the first attempt, twice as long in each that follows.

    Most of what hangs for seconds hangs for minutes: it is better asked again later than waited for.
    """
    return min(longest, first * 2.0 ** (number.get() - 1))


async def afterwards(work: Tidying) -> None:
    """Do some work after the reply is noted. A crash before the note makes a second reply; one after it does not."""
    if (waiting := tidying.get()) is None:
        await work()
    else:
        waiting.append(work)
