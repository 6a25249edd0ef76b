"""The first stage: learn to say what people said (cross-entropy, word by word)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from training import features, words
from training.decoder import Model

IGNORED = -100
"""The target of a place that teaches nothing: cross_entropy's ignore_index."""


@dataclass(frozen=True)
class Packed:
    """The captions of each photo of a batch, one after the other in one row.

    ids, targets, places int64 [photos, length]; mask bool [photos, 1, length, length], true where a word may look: at
    the words before it in its own caption. Packing costs a third of the padding that a row per caption would.
    """

    ids: Tensor
    targets: Tensor
    places: Tensor
    mask: Tensor


def pack(captions: Sequence[Sequence[Sequence[int]]]) -> Packed:
    """Pack the encoded captions of each photo."""
    length = max(sum(len(caption) - 1 for caption in photo) for photo in captions)
    ids = torch.full((len(captions), length), words.PAD)
    targets = torch.full_like(ids, IGNORED)
    places = torch.zeros_like(ids)
    owners = torch.full_like(ids, -1)
    for row, photo in enumerate(captions):
        start = 0
        for owner, caption in enumerate(photo):
            end = start + len(caption) - 1
            ids[row, start:end] = torch.tensor(caption[:-1])
            targets[row, start:end] = torch.tensor(caption[1:])
            places[row, start:end] = torch.arange(end - start)
            owners[row, start:end] = owner
            start = end
    together = owners[:, :, None] == owners[:, None, :]
    return Packed(ids, targets, places, (together & torch.ones(length, length).tril().bool())[:, None])


def loss(model: Model, maps: Tensor, captions: Sequence[Sequence[Sequence[int]]]) -> Tensor:
    """Mean cross-entropy, with smoothed labels, of the captions of a batch of photos."""
    packed = pack(captions)
    forgotten = (torch.rand(packed.ids.shape) < _FORGOTTEN_WORDS) & (packed.ids != words.START)
    ids = packed.ids.masked_fill(forgotten, words.UNKNOWN)
    with torch.autocast("cpu", torch.bfloat16):
        cross = model.cross(_thinned(model.see(_cropped(maps))))
        hidden, _ = model.decoder(ids, packed.places, model.no_past(len(ids)), cross, packed.mask)
        taught = packed.targets != IGNORED
        logits = model.decoder.logits(hidden[taught])
    return F.cross_entropy(logits.float(), packed.targets[taught], label_smoothing=_SMOOTHING)


def batches(maps: features.Maps, size: int) -> Iterator[tuple[Tensor, list[int]]]:
    """One epoch: the maps of a random view of each photo in random order, and which photos they are."""
    order = torch.randperm(maps.shape[1]).tolist()
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        views = torch.randint(maps.shape[0], (len(chosen),)).tolist()
        yield features.gather(maps, views, chosen), chosen


_SMOOTHING = 0.1
_FORGOTTEN_WORDS = 0.05
_KEPT_POSITIONS = 0.85
_SMALLEST_CROP = 13 / 16


def _cropped(maps: Tensor) -> Tensor:
    """A random window of the maps, the same for the whole batch: nearly a crop of the photos, at no cost."""
    side = maps.shape[-1]
    size = int(torch.randint(round(side * _SMALLEST_CROP), side + 1, ()))
    top, left = torch.randint(side - size + 1, (2,)).tolist()
    return maps[:, :, top : top + size, left : left + size]


def _thinned(visual: Tensor) -> Tensor:
    """A random subset of the visual tokens; zeroing some instead would still draw attention to them."""
    positions = visual.shape[1]
    return visual[:, torch.randperm(positions)[: max(1, round(positions * _KEPT_POSITIONS))]]
