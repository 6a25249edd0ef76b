"""Words that a caption says once: a boat does not sit on a boat."""

from tokenizers import Tokenizer

from training.things import REWARDED

# People do say these twice: a stop sign by a street sign, a light blue wall and a light, an orange on an orange plate.
_SAID_AGAIN = {"sign", "stop", "light", "lights", "glass", "wine", "orange", "board", "stuffed", "living", "bathroom"}
_SIZES = {"tall", "large", "small", "big", "little", "long", "old", "young", "front", "top", "middle"}
_IRREGULAR = {"men": "man", "women": "woman", "children": "child", "knives": "knife", "geese": "goose"}


def said_once(tokenizer: Tokenizer) -> tuple[tuple[int, ...], ...]:
    """The tokens of things and of sizes, each with its plural where both are words of the vocabulary."""
    vocabulary = tokenizer.get_vocab()
    groups: dict[str, list[int]] = {}
    for word in sorted((REWARDED.keys() | _SIZES) - _SAID_AGAIN):
        if word in vocabulary:
            groups.setdefault(_singular(word, vocabulary), []).append(vocabulary[word])
    return tuple(sorted(tuple(sorted(group)) for group in groups.values()))


def _singular(word: str, vocabulary: dict[str, int]) -> str:
    candidates = [_IRREGULAR.get(word, ""), word.removesuffix("s"), word.removesuffix("es")]
    if word.endswith("ies"):
        candidates.append(f"{word.removesuffix('ies')}y")
    return next((one for one in candidates if one != word and one in vocabulary and one in REWARDED), word)
