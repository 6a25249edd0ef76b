"""What the second stage rewards: to sound like people, to name what is there, and nothing else, and nothing twice."""

from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer

from training.cider import Caption, CiderD
from training.things import REWARDED

_NAMED = 0.5
_INVENTED = 0.8
_REPEATED = 0.5
"""In points of CIDEr-D, which goes from 0 to 10; for each thing."""


class Reward:
    """Scores captions of photos whose references it was given. Captions are ids after START, up to and with END."""

    def __init__(self, tokenizer: Tokenizer, references: Sequence[Sequence[Caption]], last: float) -> None:
        """`last` is the weight of the last of a photo's references; see CiderD."""
        self._cider = CiderD(references, last)
        self._things = {token: REWARDED[word] for word, token in tokenizer.get_vocab().items() if word in REWARDED}
        self._present = [{thing for caption in photo for thing in self._named(caption)} for photo in references]
        self._main = [set(self._named(photo[0])) for photo in references]

    def score(self, photo: int, caption: Caption) -> float:
        """Likeness to what people said, plus the things rightly named, minus those invented or named again."""
        named = self._named(caption)
        right = named.keys() & self._main[photo]
        invented = named.keys() - self._present[photo]
        words = Counter(token for token in caption if token in self._things)
        again = sum(count - 1 for count in words.values())
        return (
            self._cider.score(photo, caption)
            + _NAMED * min(2, len(right))
            - _INVENTED * len(invented)
            - _REPEATED * again
        )

    def _named(self, caption: Caption) -> Counter[str]:
        return Counter(self._things[token] for token in caption if token in self._things)
