"""What came of a photo."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Captioned:
    """The model described the photo."""

    text: str


@dataclass(frozen=True)
class Refused:
    """The photo was not captioned; `sentence` tells the person why and what to do."""

    sentence: str


@dataclass(frozen=True)
class Gone(Refused):
    """The photo was deleted in the meantime."""


Outcome = Captioned | Refused
