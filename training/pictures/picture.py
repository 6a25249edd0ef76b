"""What every kind of picture is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from random import Random

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")

FONTS = (
    *("Liberation Sans", "DejaVu Sans", "Liberation Serif", "DejaVu Serif", "Liberation Sans Narrow"),
    *("Arial, sans-serif", "Georgia, serif"),
)
MONOSPACE = ("DejaVu Sans Mono", "Liberation Mono", "monospace")


@dataclass(frozen=True)
class Page:
    """A picture as HTML (or as an SVG inside), (width, height) in pixels, and its captions, the plainest first."""

    body: str
    size: tuple[int, int]
    captions: Sequence[str]
    style: str = ""


Maker = Callable[[Random], Page]


def several(random: Random, fewest: int, most: int, make: Callable[[], str]) -> str:
    """Between `fewest` and `most` pieces, one after the other."""
    return "".join(make() for _ in range(random.randint(fewest, most)))


def text(written: str) -> str:
    """Written words as HTML."""
    return escape(written)


def article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def hue(random: Random, saturation: int = 60, lightness: int = 50) -> str:
    """Some colour as CSS writes it."""
    return f"hsl({random.randrange(360)},{saturation}%,{lightness}%)"
