"""The first stages: learn to say what people said (cross-entropy, word by word)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from training import words
from training.decoder import Model, thrifty


def loss(model: Model, visual: Tensor, captions: Sequence[Sequence[int]]) -> Tensor:
    """Mean cross-entropy, with smoothed labels, of one caption for each photo; visual [photos, positions, width]."""
    length = max(map(len, captions)) - 1
    said = torch.tensor([[*caption, *[words.PAD] * (length + 1 - len(caption))] for caption in captions])
    ids, targets = said[:, :-1], said[:, 1:]
    forgotten = (torch.rand(ids.shape) < _FORGOTTEN_WORDS) & (ids != words.START)
    ids = ids.masked_fill(forgotten, words.UNKNOWN)
    causal = torch.ones(length, length).tril().bool()[None, None]
    with thrifty():
        cross = model.cross(_thinned(visual))
        places = torch.arange(length).expand_as(ids)
        hidden, _ = model.decoder(ids, places, model.no_past(len(ids)), cross, causal)
        taught = targets != words.PAD
        logits = model.decoder.logits(hidden[taught])
    return F.cross_entropy(logits.float(), targets[taught], label_smoothing=_SMOOTHING)


def drawn(captions: Sequence[Sequence[int]], last: float) -> Sequence[int]:
    """One of a photo's captions: the last of several with the probability `last`, or else one of the others."""
    if len(captions) == 1 or float(torch.rand(())) < last:
        return captions[-1]
    return captions[int(torch.randint(len(captions) - 1, ()))]


def cropped(maps: Tensor) -> Tensor:
    """A random window of the maps, the same for the whole batch: nearly a crop of the photos, at no cost."""
    side = maps.shape[-1]
    size = int(torch.randint(round(side * _SMALLEST_CROP), side + 1, ()))
    top, left = torch.randint(side - size + 1, (2,)).tolist()
    return maps[:, :, top : top + size, left : left + size]


_SMOOTHING = 0.1
_FORGOTTEN_WORDS = 0.05
_KEPT_POSITIONS = 0.85
_SMALLEST_CROP = 7 / 8


def _thinned(visual: Tensor) -> Tensor:
    """A random subset of the visual tokens; zeroing some instead would still draw attention to them."""
    positions = visual.shape[1]
    return visual[:, torch.randperm(positions)[: max(1, round(positions * _KEPT_POSITIONS))]]
