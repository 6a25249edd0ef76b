"""One decoding step of BERT and GPT-2, written so that it exports to few and large operators.

Transformers' own modules carry cache classes, masks and dropout through the graph; these hold the same weights
(queries, keys and values as one product) and take the cache as plain tensors. A step is

    step(input_ids [rows, new], past, context) -> (logits [rows, vocabulary] of the last one, present)

where `past` and `present` are lists of keys and values, layer by layer, [rows, heads, length, dim], and `context` is
everything that the encoder made: keys and values of the photo for each layer, [1, heads, positions, dim]. All rows are
hypotheses about one photo.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from transformers import BertLMHeadModel, BlipTextLMHeadModel, GPT2LMHeadModel
from transformers.pytorch_utils import Conv1D

from inference.export.operators import attend, attend_with_past


class Step(Protocol):
    """A decoder, one token at a time."""

    layers: int
    heads: int
    dim: int
    """Of one head."""
    vocabulary: int

    def __call__(self, input_ids: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See the module's docstring."""


class TopStep(nn.Module):
    """The decoder's graph: a step between the two things that beam search would otherwise do to large arrays.

    Before it, each row takes over the past of its parent; after it, only the `width` best tokens of a row are kept.
    The past is one tensor [rows, layers * 2 * heads, length, dim], for each one costs the engine time in every step.
    """

    def __init__(self, step: Step, width: int) -> None:
        super().__init__()
        self.step = step
        self.width = min(width, step.vocabulary)

    def forward(
        self, input_ids: Tensor, parents: Tensor, past: Tensor, context: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return logits [rows, vocabulary], log-probabilities and tokens [rows, width], and the grown past."""
        parts = past.index_select(0, parents).chunk(2 * self.step.layers, 1)
        logits, present = self.step(input_ids, list(parts), context)
        top = torch.log_softmax(logits, -1).topk(self.width)
        return logits, top.values, top.indices, torch.cat(present, 1)


class BertStep(nn.Module):
    """BERT as a decoder, BLIP's too: each sublayer is followed by the sum with its input and a LayerNorm."""

    def __init__(self, decoder: BertLMHeadModel | BlipTextLMHeadModel, length: int) -> None:
        """Take over a decoder's weights for sequences of up to `length` tokens."""
        super().__init__()
        config, embeddings = decoder.config, decoder.bert.embeddings
        self.layers, self.heads = config.num_hidden_layers, config.num_attention_heads
        self.dim, self.vocabulary = config.hidden_size // self.heads, config.vocab_size
        self.words = embeddings.word_embeddings
        places = embeddings.position_embeddings.weight[:length].detach()
        if hasattr(embeddings, "token_type_embeddings"):
            places = places + embeddings.token_type_embeddings.weight[0].detach()
        self.register_buffer("places", places)
        self.norm = embeddings.LayerNorm
        self.blocks = nn.ModuleList(_BertBlock(layer, self.heads) for layer in decoder.bert.encoder.layer)
        head = decoder.cls.predictions
        self.transform, self.head = head.transform, linear(head.decoder.weight, head.decoder.bias)

    def forward(self, input_ids: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See the module's docstring."""
        hidden = self.norm(self.words(input_ids) + place(self.places, input_ids, past))
        hidden, present = through(self.blocks, hidden, past, context)
        return self.head(self.transform(hidden[:, -1:]))[:, 0], present


class _BertBlock(nn.Module):
    def __init__(self, layer: nn.Module, heads: int) -> None:
        super().__init__()
        own, cross = layer.attention, layer.crossattention
        self.heads, self.scale = heads, (own.self.query.out_features // heads) ** -0.5
        self.own_in = joined(own.self.query, own.self.key, own.self.value)
        self.own_out, self.own_norm = own.output.dense, own.output.LayerNorm
        self.cross_in = cross.self.query
        self.cross_out, self.cross_norm = cross.output.dense, cross.output.LayerNorm
        self.widen, self.narrow, self.norm = layer.intermediate, layer.output.dense, layer.output.LayerNorm

    def forward(self, hidden: Tensor, past: Sequence[Tensor], context: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        query, key, value = self.own_in(hidden).chunk(3, -1)
        seen, *present = attend_with_past(query, key, value, past[0], past[1], self.heads, self.scale)
        hidden = self.own_norm(self.own_out(seen) + hidden)
        seen = look(self.cross_in(hidden), context, self.heads, self.scale)
        hidden = self.cross_norm(self.cross_out(seen) + hidden)
        return self.norm(self.narrow(self.widen(hidden)) + hidden), present


class Gpt2Step(nn.Module):
    """GPT-2 with cross-attention: a LayerNorm before each sublayer, and one at the end."""

    def __init__(self, decoder: GPT2LMHeadModel, length: int) -> None:
        """Take over a decoder's weights for sequences of up to `length` tokens."""
        super().__init__()
        config, body = decoder.config, decoder.transformer
        self.layers, self.heads = config.num_hidden_layers, config.num_attention_heads
        self.dim, self.vocabulary = config.hidden_size // self.heads, config.vocab_size
        self.words = body.wte
        self.register_buffer("places", body.wpe.weight[:length].detach())
        self.blocks = nn.ModuleList(_Gpt2Block(block, self.heads) for block in body.h)
        self.norm = body.ln_f
        self.head = linear(decoder.lm_head.weight, None)

    def forward(self, input_ids: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See the module's docstring."""
        hidden = self.words(input_ids) + place(self.places, input_ids, past)
        hidden, present = through(self.blocks, hidden, past, context)
        return self.head(self.norm(hidden[:, -1:]))[:, 0], present


class _Gpt2Block(nn.Module):
    def __init__(self, block: nn.Module, heads: int) -> None:
        super().__init__()
        own, cross = block.attn, block.crossattention
        self.heads, self.own_scale, self.cross_scale = heads, own.scaling, cross.scaling
        self.own_norm, self.own_in, self.own_out = block.ln_1, _transposed(own.c_attn), _transposed(own.c_proj)
        self.cross_norm = block.ln_cross_attn
        self.cross_in, self.cross_out = _transposed(cross.q_attn), _transposed(cross.c_proj)
        self.norm, self.act = block.ln_2, block.mlp.act
        self.widen, self.narrow = _transposed(block.mlp.c_fc), _transposed(block.mlp.c_proj)

    def forward(self, hidden: Tensor, past: Sequence[Tensor], context: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        query, key, value = self.own_in(self.own_norm(hidden)).chunk(3, -1)
        seen, *present = attend_with_past(query, key, value, past[0], past[1], self.heads, self.own_scale)
        hidden = hidden + self.own_out(seen)
        seen = look(self.cross_in(self.cross_norm(hidden)), context, self.heads, self.cross_scale)
        hidden = hidden + self.cross_out(seen)
        return hidden + self.narrow(self.act(self.widen(self.norm(hidden)))), present


def cross_projection(decoder: BertLMHeadModel | BlipTextLMHeadModel | GPT2LMHeadModel) -> nn.Linear:
    """Build the product that makes the keys and values of every layer's cross-attention from the encoder's output.

    Its output is [..., layers * 2 * heads * dim], in this order.
    """
    if not isinstance(decoder, GPT2LMHeadModel):
        pairs = [layer.crossattention.self for layer in decoder.bert.encoder.layer]
        linears = [linear for pair in pairs for linear in (pair.key, pair.value)]
    else:
        linears = [_transposed(block.crossattention.c_attn) for block in decoder.transformer.h]
    return joined(*linears)


def through(
    blocks: nn.ModuleList, hidden: Tensor, past: list[Tensor], context: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Pass hidden states through the blocks, each with its own pair of past and context; return the present too.

    What `context` holds after the pairs is for every block.
    """
    present: list[Tensor] = []
    common = context[2 * len(blocks) :]
    for index, block in enumerate(blocks):
        pair = slice(2 * index, 2 * index + 2)
        hidden, grown = block(hidden, past[pair], [*context[pair], *common])
        present += grown
    return hidden, present


def look(query: Tensor, context: Sequence[Tensor], heads: int, scale: float) -> Tensor:
    """Attend to the photo. All rows are about one photo, so they are one batch of queries over shared keys."""
    key, value = context
    return attend(query.reshape(1, -1, query.shape[-1]), key, value, heads, scale).reshape(query.shape)


def place(places: Tensor, input_ids: Tensor, past: Sequence[Tensor]) -> Tensor:
    """The embeddings [new, width] of the positions that follow the past."""
    length = past[0].shape[2]
    return places[length : length + input_ids.shape[1]]


def linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """Build a product from its weights, [outputs, inputs], and its bias."""
    product = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    product.weight = nn.Parameter(weight.detach(), requires_grad=False)
    if bias is not None:
        product.bias = nn.Parameter(bias.detach(), requires_grad=False)
    return product


def joined(*linears: nn.Linear) -> nn.Linear:
    """Several products of one input as one."""
    biases = [part.bias for part in linears if part.bias is not None]
    return linear(torch.cat([part.weight for part in linears]), torch.cat(biases) if biases else None)


def _transposed(conv: Conv1D) -> nn.Linear:
    """GPT-2 stores its weights as [inputs, outputs]."""
    return linear(conv.weight.T.contiguous(), conv.bias)
