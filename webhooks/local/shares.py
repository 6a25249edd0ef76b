"""Who may be in work at once: so many jobs, and of no platform and no workspace all of them.

What takes longer than a moment waits for somebody else, as a rule: a file host that hangs, a platform that is slow. It
makes room for those who have come meanwhile, and goes on among the slow ones, of which there may be twice as many. What
failed before begins there: whatever hangs again and again, a new photo waits for none of it.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

MOMENT = 1.0  # seconds
SLOW, LEAST = 2, 8  # times as many, but so many at least


class Party(Protocol):
    """Somebody who wants to be in work, on behalf of a platform and a workspace. Numbers grow with the arrival."""

    @property
    def platform(self) -> str: ...  # noqa: D102 (see above)
    @property
    def workspace(self) -> str: ...  # noqa: D102 (see above)
    @property
    def number(self) -> int: ...  # noqa: D102 (see above)
    @property
    def tried(self) -> bool:
        """Whether it failed before."""


P = TypeVar("P", bound=Party)


class Shares:
    """Counts what is in work; a `key` is the job's."""

    def __init__(self, at_once: int) -> None:
        """`at_once` jobs at a time, besides the slow ones."""
        self._prompt, self._slow = _Room(at_once), _Room(max(LEAST, SLOW * at_once))
        self._late: dict[str, Party] = {}
        self._where: dict[str, tuple[Party, _Room]] = {}

    def choose(self, waiting: Iterable[P]) -> P | None:
        """Choose who is next: of those whose platform and workspace have least in work, who came first."""
        there = [party for party in waiting if self._room_of(party).has_room(party)]
        return min(there, key=self._standing, default=None)

    def begin(self, key: str, party: Party) -> None:
        """Count somebody as being in work."""
        room = self._room_of(party)
        self._where[key] = (party, room)
        room.count(party, 1)

    def late(self, key: str) -> None:
        """Count somebody who has been in work for a moment as slow, once there is room among those."""
        if key in self._where and self._where[key][1] is self._prompt:
            self._late[key] = self._where[key][0]
            self._move()

    def end(self, key: str) -> None:
        """Count somebody no longer."""
        party, room = self._where.pop(key)
        self._late.pop(key, None)
        room.count(party, -1)
        self._move()

    def _room_of(self, party: Party) -> "_Room":
        return self._slow if party.tried else self._prompt

    def _standing(self, party: Party) -> tuple[bool, int, int, int]:
        room = self._room_of(party)
        return party.tried, room.platforms[party.platform], room.workspaces[party.workspace], party.number

    def _move(self) -> None:
        for key, party in list(self._late.items()):
            if self._slow.has_room(party):
                del self._late[key]
                self._prompt.count(party, -1)
                self._slow.count(party, 1)
                self._where[key] = (party, self._slow)


class _Room:
    """So many places, of which no platform and no workspace has more than three in four."""

    def __init__(self, places: int) -> None:
        self._places, self._share = places, max(1, places * 3 // 4)
        self._taken = 0
        self.platforms: Counter[str] = Counter()
        self.workspaces: Counter[str] = Counter()

    def has_room(self, party: Party) -> bool:
        most = max(self.platforms[party.platform], self.workspaces[party.workspace])
        return self._taken < self._places and most < self._share

    def count(self, party: Party, change: int) -> None:
        self._taken += change
        for counter, name in ((self.platforms, party.platform), (self.workspaces, party.workspace)):
            counter[name] += change
            if not counter[name]:
                del counter[name]
