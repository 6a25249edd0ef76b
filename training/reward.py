"""What the last stage rewards: to sound like people, name what is there, nothing else, nothing twice, and end well."""

from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer

from training.cider import Caption, CiderD
from training.things import REWARDED

_NAMED = 0.5
_INVENTED = 0.6
_REPEATED = 0.5
_BROKEN_OFF = 1.5
"""In points of CIDEr-D, which goes from 0 to 10; for each thing, and once for a caption that breaks
off: without it, the reward teaches to stop before a thing that is not sure ("a man and a black and white")."""
_SELDOM = 0.03
"""Of a word that ends a caption in fewer cases than this, a caption that ends with it is broken off."""


class Reward:
    """Scores captions of photos whose references it was given. Captions are ids after START, up to and with END."""

    def __init__(self, tokenizer: Tokenizer, references: Sequence[Sequence[Caption]], last: float) -> None:
        """`last` is the weight of the last of a photo's references; see CiderD."""
        self._cider = CiderD(references, last)
        self._things = {token: REWARDED[word] for word, token in tokenizer.get_vocab().items() if word in REWARDED}
        self._present = [{thing for caption in photo for thing in self._named(caption)} for photo in references]
        self._last = _endings(references)
        self._main = [set(self._named(photo[0])) for photo in references]

    def score(self, photo: int, caption: Caption) -> float:
        """Likeness to what people said and things rightly named, less what is invented, said again or broken off."""
        named = self._named(caption)
        right = named.keys() & self._main[photo]
        invented = named.keys() - self._present[photo]
        words = Counter(token for token in caption if token in self._things)
        again = sum(count - 1 for count in words.values())
        broken_off = len(caption) > 1 and caption[-2] not in self._last
        return (
            self._cider.score(photo, caption)
            + _NAMED * min(2, len(right))
            - _INVENTED * len(invented)
            - _REPEATED * again
            - _BROKEN_OFF * broken_off
        )

    def _named(self, caption: Caption) -> Counter[str]:
        return Counter(self._things[token] for token in caption if token in self._things)


def _endings(references: Sequence[Sequence[Caption]]) -> set[int]:
    """The tokens with which people end a caption, among all that they use."""
    used = Counter(token for photo in references for caption in photo for token in caption[:-1])
    last = Counter(caption[-2] for photo in references for caption in photo if len(caption) > 1)
    return {token for token, count in last.items() if count >= _SELDOM * used[token]}
