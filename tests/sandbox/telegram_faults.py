"""Faults on demand: what goes wrong, where, and how often."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. `where` is a method's name, or "download".

    `status` answers with that error (429 with `retry_after`); `reset` breaks the connection; `after` lets the request
    take effect first; `pause` waits that many seconds (in a download: between pieces of the body); `redirect` sends the
    client elsewhere; `result` answers with that instead; `body` is what a download gives instead.
    """

    where: str
    status: int | None = None
    description: str | None = None
    retry_after: int | None = None
    reset: bool = False
    after: bool = False
    pause: float = 0.0
    redirect: str | None = None
    result: Any = None
    body: bytes | None = None
    times: int = 1


class Faults:
    """The faults still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let `fault` happen to the next `fault.times` requests there."""
        self._waiting.append(fault)

    @contextmanager
    def lasting(self, fault: Fault) -> Iterator[None]:
        """Let `fault` happen to every request there until the block ends."""
        lasting = replace(fault, times=1_000_000)
        self._waiting.append(lasting)
        try:
            yield
        finally:
            self._waiting = [waiting for waiting in self._waiting if waiting.where != fault.where]

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, where: str) -> Fault | None:
        """Return the fault for this request, if there is one, and count it."""
        for position, fault in enumerate(self._waiting):
            if fault.where.lower() == where.lower():
                if fault.times == 1:
                    del self._waiting[position]
                else:
                    self._waiting[position] = replace(fault, times=fault.times - 1)
                return fault
        return None
