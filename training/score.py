"""BLEU-4 and CIDEr-D of captions, as the field computes them (the pycocoevalcap package)."""

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider


@dataclass(frozen=True)
class Scores:
    """Both times a hundred, as papers print them."""

    bleu4: float
    cider: float

    def __str__(self) -> str:
        return f"BLEU-4 {self.bleu4:.1f}, CIDEr {self.cider:.1f}"


def score(captions: Sequence[str], references: Sequence[Sequence[str]]) -> Scores:
    """Score one caption of each photo against what people said of it.

    CIDEr weighs words by how many of these very photos' references hold them, so it only compares on the same photos.
    """
    said = {photo: [plain(caption)] for photo, caption in enumerate(captions)}
    expected = {photo: [plain(text) for text in texts] for photo, texts in enumerate(references)}
    with contextlib.redirect_stdout(io.StringIO()):
        cider, _ = Cider().compute_score(expected, said)
        bleu, _ = Bleu(4).compute_score(expected, said, verbose=0)
    return Scores(bleu4=100 * float(bleu[3]), cider=100 * float(cider))


def right_kind(captions: Sequence[str], kinds: Sequence[Sequence[str]]) -> float:
    """The share of the captions that say one of the words for their picture's kind."""
    right = (bool(set(plain(caption).split()) & set(words)) for caption, words in zip(captions, kinds, strict=True))
    return sum(right) / max(1, len(kinds))


def plain(text: str) -> str:
    """Lower-case words without punctuation, hyphens as spaces.

    A stand-in for the papers' tokenizer, which needs Java.
    """
    return " ".join(re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower().replace("-", " "))) or "nothing"
