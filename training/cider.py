"""CIDEr-D of token sequences: the reward of the second stage.

Vedantam, Zitnick and Parikh, "CIDEr: Consensus-based Image Description Evaluation" (arXiv 1411.5726), section 4 and,
for the clipping and the penalty of length that make it CIDEr-D, section 7. END counts as a word: without it a caption
gains by stopping in the middle of a phrase ("a dog with a"), as no n-gram tells that it ends there (arXiv 1612.00563
trains so).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_NGRAM = 4
_SIGMA = 6.0
_SCALE = 10.0

Ngram = tuple[int, ...]
Caption = Sequence[int]


@dataclass(frozen=True)
class _Vector:
    """A caption as weighted n-grams; norms are those of its 1-grams, its 2-grams and so on."""

    weights: dict[Ngram, float]
    norms: tuple[float, ...]
    length: int


class CiderD:
    """Scores captions of photos whose references it was given. Captions are ids after START, up to and with END."""

    def __init__(self, references: Sequence[Sequence[Caption]], last: float = 1.0) -> None:
        """`last` is the weight of the last of a photo's references, where it has several; that of the others is 1."""
        self._last = last
        documents = Counter(
            ngram for photo in references for ngram in {ngram for caption in photo for ngram in _ngrams(caption)}
        )
        total = math.log(len(references))
        self._unseen = total
        self._rarity = {ngram: total - math.log(count) for ngram, count in documents.items()}
        self._references = [[self._vector(caption) for caption in photo] for photo in references]

    def score(self, photo: int, caption: Caption) -> float:
        """0 to 10: the mean likeness of the caption to the photo's references, weighted."""
        said = self._vector(caption)
        references = self._references[photo]
        weights = [1.0] * (len(references) - 1) + [self._last if len(references) > 1 else 1.0]
        likeness = sum(
            weight * _likeness(said, reference) for weight, reference in zip(weights, references, strict=True)
        )
        return _SCALE * likeness / sum(weights)

    def _vector(self, caption: Caption) -> _Vector:
        weights = {ngram: count * self._rarity.get(ngram, self._unseen) for ngram, count in _ngrams(caption).items()}
        squares = [0.0] * LONGEST_NGRAM
        for ngram, weight in weights.items():
            squares[len(ngram) - 1] += weight * weight
        return _Vector(weights, tuple(math.sqrt(square) for square in squares), len(caption))


def _ngrams(caption: Caption) -> Counter[Ngram]:
    words = tuple(caption)
    return Counter(
        words[start : start + size] for size in range(1, LONGEST_NGRAM + 1) for start in range(len(words) - size + 1)
    )


def _likeness(said: _Vector, reference: _Vector) -> float:
    products = [0.0] * LONGEST_NGRAM
    for ngram, weight in said.weights.items():
        expected = reference.weights.get(ngram)
        if expected is not None:
            products[len(ngram) - 1] += min(weight, expected) * expected
    cosines = (
        product / (own * other)
        for product, own, other in zip(products, said.norms, reference.norms, strict=True)
        if own and other
    )
    penalty = math.exp(-((said.length - reference.length) ** 2) / (2 * _SIGMA**2))
    return penalty * sum(cosines) / LONGEST_NGRAM
