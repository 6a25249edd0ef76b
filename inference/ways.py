"""The ways in which a model is asked for a caption: what its encoder reads, and the rules of the search."""

from collections.abc import Sequence

import msgspec

from common.contract import Detail
from inference.captioner import ModelError
from inference.manifest import Decoding, Detailed

Ways = dict[Detail, tuple[tuple[int, ...], Decoding]]
"""For each detail that a model can give: the prompt that its encoder reads, and the rules of the search."""
ROOM = 8  # tokens that a prompt must leave for the caption


def ways_of(prompt_ids: tuple[int, ...], decoding: Decoding, detailed: Detailed | None) -> Ways:
    """Collect what a manifest or a checkpoint says of them."""
    ways: Ways = {"short": (prompt_ids, decoding)}
    if detailed is not None:
        ways["detailed"] = (detailed.prompt_ids or prompt_ids, detailed.rules(decoding))
    return ways


def begun(ways: Ways, prefix: Sequence[int], places: int | None, name: str) -> Ways:
    """Let every caption begin with some words, of a model that has positions for so many tokens.

    Raises ModelError where they leave no room.
    """
    made: Ways = {}
    for detail, (prompt_ids, rules) in ways.items():
        longest = min(places or rules.max_length, rules.max_length + len(prefix))
        if longest - len(prefix) < ROOM:
            raise ModelError(
                f"CAPTION_PROMPT is {len(prefix)} tokens long, and {name} writes {longest} at most. Set a shorter one: "
                "a photograph of, for example."
            )
        least = rules.min_length and min(longest, rules.min_length + len(prefix))
        made[detail] = (
            prompt_ids,
            msgspec.structs.replace(rules, prefix_ids=tuple(prefix), max_length=longest, min_length=least),
        )
    return made
