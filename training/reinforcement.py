"""The second stage: say what scores well (self-critical sequence training).

Rennie et al., "Self-critical Sequence Training for Image Captioning" (arXiv 1612.00563): draw captions, score them with
CIDEr-D, and make those above their baseline likelier. The baseline of a caption is the mean of the other ones drawn for
its photo (arXiv 2003.09971), which needs no greedy pass. Only the decoder and its cross-attention learn here.
"""

import torch
from torch import Tensor

from training import words
from training.cider import CiderD
from training.decoder import Model
from training.sampling import speak, until_end


def loss(model: Model, visual: Tensor, photos: list[int], reward: CiderD, draws: int) -> tuple[Tensor, float]:
    """The policy-gradient loss of a batch, and the mean reward of the captions that were drawn.

    visual [photos, positions, width]; `photos` are their numbers in the reward. Dropout must be off (eval mode): the
    captions must be likely under the very model that is pushed.
    """
    said = speak(model, visual, draws).clone()
    scores = torch.tensor(
        [reward.score(photos[row // draws], until_end(ids)) for row, ids in enumerate(said.tolist())]
    ).view(len(photos), draws)
    others = (scores.sum(1, keepdim=True) - scores) / (draws - 1)
    advantages = (scores - others).view(-1, 1)

    ids, targets = said[:, :-1], said[:, 1:]
    length = ids.shape[1]
    causal = torch.ones(length, length).tril().bool()[None, None]
    with torch.autocast("cpu", torch.bfloat16):
        places = torch.arange(length).expand_as(ids)
        hidden, _ = model.decoder(ids, places, model.no_past(len(ids)), model.cross(visual), causal)
        spoken = targets != words.PAD
        logits = model.decoder.logits(hidden[spoken])
    likelihood = torch.log_softmax(logits.float(), 1).gather(1, targets[spoken][:, None])[:, 0]
    loss = -(advantages.expand_as(targets)[spoken] * likelihood).mean()
    return loss, scores.mean().item()
