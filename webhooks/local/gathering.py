"""When an album is complete: Telegram marks no end of it, so it is when no photo has come for a while."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from webhooks.local.jobs import Album

LONGEST = 60.0  # seconds for which photos that keep coming hold an album open


@dataclass
class _Seen:
    latest: int
    first: float
    last: float


class Gathering:
    """Remembers when an album was first seen and when it last grew, by a clock that nobody can set."""

    def __init__(self, quiet: float) -> None:
        """`quiet` seconds without a new photo complete an album."""
        self._quiet = quiet
        self._seen: dict[str, _Seen] = {}

    def complete(self, albums: Iterable[Album]) -> list[str]:
        """Look at all albums that are open, and name those that are complete."""
        now = time.monotonic()
        before, self._seen, complete = self._seen, {}, []
        for album in albums:
            seen = self._seen[album.name] = before.get(album.name) or _Seen(album.latest, now, now)
            if seen.latest != album.latest:
                seen.latest, seen.last = album.latest, now
            if now >= min(seen.last + self._quiet, seen.first + LONGEST):
                complete.append(album.name)
        return complete

    def next(self) -> float | None:
        """The earliest moment (of the monotonic clock) at which one may be complete."""
        return min((min(seen.last + self._quiet, seen.first + LONGEST) for seen in self._seen.values()), default=None)
