"""Let the model speak: many captions at once, greedily or by lot."""

import torch
from torch import Tensor

from training import words
from training.decoder import Model, thrifty

NEVER = [words.PAD, words.UNKNOWN, words.START]


@torch.inference_mode()
def speak(model: Model, visual: Tensor, captions: int | None = None, longest: int | None = None) -> Tensor:
    """Caption photos, given their visual tokens [photos, positions, width].

    Returns int64 [photos * n, length], from START to END and then PAD: for `captions=n`, n of each photo drawn by the
    model's own probabilities; by default the greedy one of each. None has more than `longest` tokens, or than the model
    can say.
    """
    longest = longest or model.shape.longest
    rows = len(visual) * (captions or 1)
    said = torch.full((rows, 1), words.START)
    finished = torch.zeros(rows, dtype=torch.bool)
    with thrifty():
        cross = model.cross(visual)
        past = model.no_past(rows)
        for place in range(longest - 1):
            hidden, past = model.decoder(said[:, -1:], torch.full((rows, 1), place), past, cross, None)
            logits = model.decoder.logits(hidden[:, 0]).float()
            logits[:, NEVER] = -torch.inf
            if place == longest - 2:
                chosen = torch.full((rows,), words.END)
            else:
                chosen = logits.argmax(1) if captions is None else _drawn(logits)
            chosen = chosen.masked_fill(finished, words.PAD)
            said = torch.cat([said, chosen[:, None]], 1)
            finished |= chosen == words.END
            if finished.all():
                break
    return said


def _drawn(logits: Tensor) -> Tensor:
    """One token of each row, by its probability."""
    # One random number a row; `multinomial` draws one for every word, which takes longer than the network.
    below = logits.softmax(1).cumsum(1)
    drawn = torch.searchsorted(below, torch.rand(len(below), 1) * below[:, -1:], right=True)
    return drawn[:, 0].clamp(max=logits.shape[1] - 1)


def until_end(row: list[int]) -> list[int]:
    """The ids between START and END, with END and without START."""
    return row[1 : row.index(words.END) + 1]
