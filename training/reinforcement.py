"""The last stage: say what scores well (self-critical sequence training).

Rennie et al., "Self-critical Sequence Training for Image Captioning" (arXiv 1612.00563): draw captions, score them with
the reward, and make those above their baseline likelier. The baseline of a caption is the mean of the other ones drawn
for its photo (arXiv 2003.09971), which needs no greedy pass. The best and the worst of a photo's captions teach most:
only these two are learned from, in half the time. Only the decoder and its cross-attention learn here.
"""

import torch
from torch import Tensor

from training import words
from training.decoder import Model, thrifty
from training.reward import Reward
from training.sampling import speak, until_end

_LONGEST = 18
"""Tokens of a drawn caption, START and END included: people seldom need more, and the longest sets a batch's time."""


def loss(model: Model, visual: Tensor, photos: list[int], reward: Reward, draws: int) -> tuple[Tensor, float]:
    """The policy-gradient loss of a batch, and the mean reward of the captions that were drawn.

    visual [photos, positions, width]; `photos` are their numbers in the reward. Dropout must be off (eval mode): the
    captions must be likely under the very model that is pushed.
    """
    said = speak(model, visual, draws, _LONGEST).clone()
    scores = torch.tensor(
        [reward.score(photos[row // draws], until_end(ids)) for row, ids in enumerate(said.tolist())]
    ).view(len(photos), draws)
    others = (scores.sum(1, keepdim=True) - scores) / (draws - 1)
    chosen = torch.stack([scores.argmax(1), scores.argmin(1)], 1)
    advantages = (scores - others).gather(1, chosen).view(-1, 1)
    rows = (chosen + draws * torch.arange(len(photos))[:, None]).flatten()

    ids, targets = said[rows, :-1], said[rows, 1:]
    length = ids.shape[1]
    causal = torch.ones(length, length).tril().bool()[None, None]
    with thrifty():
        places = torch.arange(length).expand_as(ids)
        hidden, _ = model.decoder(ids, places, model.no_past(len(ids)), model.cross(visual), causal)
        spoken = targets != words.PAD
        logits = model.decoder.logits(hidden[spoken])
    likelihood = torch.log_softmax(logits.float(), 1).gather(1, targets[spoken][:, None])[:, 0]
    loss = -(advantages.expand_as(targets)[spoken] * likelihood).mean()
    return loss, scores.mean().item()
