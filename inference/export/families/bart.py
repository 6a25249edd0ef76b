"""BART's two halves: layers over a text with a photo in it, and one decoding step. A LayerNorm follows each sum."""

from collections.abc import Sequence

from torch import Tensor, nn
from transformers import PreTrainedModel

from inference.export.decoders import joined, linear, look, place, through
from inference.export.operators import attend, attend_with_past


class Reader(nn.Module):
    """BART's encoder over embeddings."""

    def __init__(self, encoder: PreTrainedModel, length: int) -> None:
        """For sequences of up to so many positions."""
        super().__init__()
        self.register_buffer("places", _places(encoder)[:length])
        self.norm = encoder.layernorm_embedding
        self.blocks = nn.ModuleList(_Layer(layer) for layer in encoder.layers)

    def forward(self, embeddings: Tensor) -> Tensor:
        """[batch, length, width] to the same shape."""
        hidden: Tensor = self.norm(embeddings + self.places[: embeddings.shape[1]])
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


class BartStep(nn.Module):
    """BART's decoder as an `inference.export.decoders.Step`."""

    def __init__(self, decoder: PreTrainedModel, head: nn.Linear, length: int) -> None:
        """Take over a decoder's weights for sequences of up to `length` tokens."""
        super().__init__()
        config = decoder.config
        self.layers, self.heads = config.decoder_layers, config.decoder_attention_heads
        self.dim, self.vocabulary = config.d_model // self.heads, config.vocab_size
        self.words, self.norm = decoder.embed_tokens, decoder.layernorm_embedding
        self.register_buffer("places", _places(decoder)[:length])
        self.blocks = nn.ModuleList(_DecoderLayer(layer) for layer in decoder.layers)
        self.head = linear(head.weight, head.bias)

    def forward(self, input_ids: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See `inference.export.decoders`."""
        hidden = self.norm(self.words(input_ids) + place(self.places, input_ids, past))
        hidden, present = through(self.blocks, hidden, past, context)
        return self.head(hidden[:, -1:])[:, 0], present


class _Layer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        own = layer.self_attn
        self.heads, self.scale = own.num_heads, own.scaling
        self.own_in, self.own_out = joined(own.q_proj, own.k_proj, own.v_proj), own.out_proj
        self.own_norm, self.norm = layer.self_attn_layer_norm, layer.final_layer_norm
        self.widen, self.act, self.narrow = layer.fc1, layer.activation_fn, layer.fc2

    def forward(self, hidden: Tensor) -> Tensor:
        query, key, value = self.own_in(hidden).chunk(3, -1)
        hidden = self.own_norm(hidden + self.own_out(attend(query, key, value, self.heads, self.scale)))
        return self.feed(hidden)

    def feed(self, hidden: Tensor) -> Tensor:
        fed: Tensor = self.norm(hidden + self.narrow(self.act(self.widen(hidden))))
        return fed


class _DecoderLayer(_Layer):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__(layer)
        cross = layer.encoder_attn
        self.cross_in, self.cross_out, self.cross_norm = cross.q_proj, cross.out_proj, layer.encoder_attn_layer_norm

    def forward(  # type: ignore[override]  # (a step has a past)
        self, hidden: Tensor, past: Sequence[Tensor], context: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        query, key, value = self.own_in(hidden).chunk(3, -1)
        seen, *present = attend_with_past(query, key, value, past[0], past[1], self.heads, self.scale)
        hidden = self.own_norm(hidden + self.own_out(seen))
        seen = look(self.cross_in(hidden), context, self.heads, self.scale)
        hidden = self.cross_norm(hidden + self.cross_out(seen))
        return self.feed(hidden), present


def cross_projection(decoder: PreTrainedModel) -> nn.Linear:
    """Make the keys and values of every layer's cross-attention one product of the encoder's output."""
    pairs = [layer.encoder_attn for layer in decoder.layers]
    return joined(*(product for pair in pairs for product in (pair.k_proj, pair.v_proj)))


def _places(half: PreTrainedModel) -> Tensor:
    """Position embeddings; the first two rows of the table are nobody's."""
    positions = half.embed_positions
    table: Tensor = positions.weight.detach()[positions.offset :]
    return table
