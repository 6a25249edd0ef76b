"""What every engine is to the rest of this floor: one protocol, one deadline, the errors."""

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from common.contract import Detail

if TYPE_CHECKING:
    from PIL.Image import Image


class ModelError(Exception):
    """The model can't be loaded. The sentence says which file or setting to fix."""


def takes_no_prompt(model: str) -> ModelError:
    """Say that CAPTION_PROMPT is not for this model."""
    return ModelError(
        f"CAPTION_PROMPT is set, and {model} takes no prompt. Remove CAPTION_PROMPT, or choose another model: "
        "`captionbot models` lists what is known to work."
    )


class DeadlineExceeded(Exception):
    """The time for one caption is spent."""


class Cancelled(Exception):
    """Nobody waits for this caption any more."""


class Deadline:
    """One budget of seconds, spent by waiting, encoding and each decoding step alike."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._cancelled = threading.Event()

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Start a budget of so many seconds now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def cancel(self) -> None:
        """Make the next check raise `Cancelled`; safe from any thread."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise `Cancelled` or `DeadlineExceeded` if there is no point in going on."""
        if self._cancelled.is_set():
            raise Cancelled
        if time.monotonic() >= self._end:
            raise DeadlineExceeded


@dataclass(frozen=True)
class Alternative:
    """Another caption of the same photo, and how sure the model is of it."""

    text: str
    confidence: float | None


@dataclass(frozen=True)
class Caption:
    """A caption and how many seconds its two parts took.

    `confidence` is the probability that the caption names a right thing, where the model was calibrated.
    """

    text: str
    encode_seconds: float
    decode_seconds: float
    confidence: float | None = None
    alternatives: tuple[Alternative, ...] = ()


class Captioner(Protocol):
    """A loaded model. `caption` is safe to call from several threads at once."""

    model: str
    engine: str
    input_size: tuple[int, int]
    """(height, width) in pixels of what the encoder sees; a larger image holds nothing more for it."""
    details: tuple[Detail, ...]
    """What it can be asked for."""

    def caption(self, image: "Image", deadline: Deadline, alternatives: int = 0, detail: Detail = "short") -> Caption:
        """Caption an upright RGB image, and find up to so many other captions of it; `detail` is one of `details`.

        Raises `DeadlineExceeded` or `Cancelled` between two decoding steps.
        """
        ...
