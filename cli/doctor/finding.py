"""A finding: one line of the doctor's report."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a thing is. Only WRONG makes the command fail."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"
    ABSENT = "not set up"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is in a sentence, and what to do where something can be done."""

    status: Status
    subject: str
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """A look at one area, for so many `seconds` at most. `run` may raise anything: that becomes a finding."""

    area: str
    subject: str
    run: Callable[[], Awaitable[list[Finding]]]
    seconds: float = 15.0


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, subject, text)


def note(subject: str, text: str, remedy: str = "") -> Finding:
    """Nothing is broken, but it is worth knowing."""
    return Finding(Status.NOTE, subject, text, remedy)


def wrong(subject: str, text: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(Status.WRONG, subject, text, remedy)


def absent(text: str, remedy: str = "") -> Finding:
    """Nobody asked for this, so there is nothing to find wrong."""
    return Finding(Status.ABSENT, "not set up", text, remedy)


def ago(seconds: float) -> str:
    """Say how long ago something was: 130 → "2 minutes ago"."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
