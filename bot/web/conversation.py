"""What was sent on the page and answered; it lives as long as the browser's tab."""

import asyncio
import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from uuid import uuid4

from bot.errors import Declined
from bot.outcomes import Refused
from bot.settings import BotSettings
from bot.shrink import prepare
from bot.web.asking import Answer, Unanswered, ask
from common import contract
from common.screening import decode

REMEMBERED = 50  # turns, so that a tab that stays open for days holds a few megabytes at most
SHOWN = (320, 280)  # the largest width and height of a photo on the page, in CSS pixels
DENSITY = 2  # pixels of a screen for each of those


@dataclass
class Turn:
    """A photo (or only words) and its answer.

    `photo` is what was sent, then, once it is screened, what travels to the endpoint; it is dropped when there is a
    final answer. `picture` is the JPEG that the page shows, so many CSS pixels wide as `width` says. `seconds` is how
    long the endpoint took.
    """

    name: str
    photo: bytes | None
    said: str = ""
    picture: bytes | None = None
    width: int = 0
    answer: Answer | None = None
    seconds: float = 0.0
    id: str = field(default_factory=lambda: uuid4().hex)
    # Whoever drops a photo while another one waits has the page drawn anew, beside the drawing that waits.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def screen(self, limit: int) -> None:
        """Apply the screening rules to what was sent, and shrink it; a second time does nothing."""
        if self._is_screened:
            return
        with self._lock:
            if not self._is_screened:
                self._screen(limit)

    def ask(self, settings: BotSettings) -> None:
        """Wait for the endpoint's answer, if there is none yet; it is asked once, whoever waits for it."""
        with self._lock:
            if self.photo is None or self.answer is not None:
                return
            start = time.monotonic()
            answer = asyncio.run(ask(settings, self.photo, f"web-{self.id}"))
            self.seconds = time.monotonic() - start
            self._close(answer)

    def ask_again(self) -> None:
        """Forget an answer that was none."""
        self.answer = None

    @property
    def _is_screened(self) -> bool:
        return self.photo is None or self.picture is not None

    def _screen(self, limit: int) -> None:
        assert self.photo is not None  # noqa: S101 (see `_is_screened`)
        try:
            photo = prepare(self.photo, limit)
            self.picture, self.width = _picture(photo)
            self.photo = photo
        except Declined as declined:
            self._close(Refused(declined.sentence))
        except contract.Refused as refused:
            self._close(Refused(refused.message))

    def _close(self, answer: Answer) -> None:
        self.answer = answer
        if not isinstance(answer, Unanswered):
            self.photo = None


@dataclass
class Conversation:
    """The turns, oldest first."""

    turns: list[Turn] = field(default_factory=list)

    def add(self, turn: Turn) -> None:
        """Add a turn; the oldest are forgotten."""
        self.turns.append(turn)
        del self.turns[:-REMEMBERED]


def _picture(photo: bytes) -> tuple[bytes, int]:
    """Make the JPEG to show, and its width on the page; raises `contract.Refused` for pixels that cannot be decoded."""
    image = decode(photo, SHOWN)
    fits = min(1.0, SHOWN[0] / image.width, SHOWN[1] / image.height)
    width = max(1, round(image.width * fits))
    image.thumbnail((DENSITY * SHOWN[0], DENSITY * SHOWN[1]))
    # The pixels are upright by now.
    image.info.pop("exif", None)
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue(), width
