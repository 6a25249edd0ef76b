"""The trained model in the shapes of an exported one: a photo to keys and values, and one word at a time."""

from torch import Tensor, nn
from torch.nn import functional as F

from inference.export.decoders import look, place, through
from inference.export.operators import attend_with_past
from training.decoder import Layer, Model
from training.sampling import NEVER

_IMPOSSIBLE = -1e4
"""A logit that no word outbids, and that fp16 can hold."""


class EncoderGraph(nn.Module):
    """All that a photo needs to be computed only once."""

    def __init__(self, model: Model, trunk: nn.Module) -> None:
        super().__init__()
        self.features = nn.Sequential(trunk, model.tail)
        self.bridge, self.cross = model.bridge, model.keys_and_values
        self.layers, self.heads = model.shape.layers, model.shape.heads

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """[batch, 3, side, side] to a key and a value of each layer, [batch, heads, positions, dim]."""
        visual = self.bridge(self.features(pixel_values).flatten(2).transpose(1, 2))
        parts: Tensor = self.cross(visual).unflatten(-1, (2 * self.layers, self.heads, -1))
        return parts.permute(2, 0, 3, 1, 4).unbind(0)


class WordStep(nn.Module):
    """The decoder as an `inference.export.decoders.Step`; what it must never say has no chance."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        shape, decoder = model.shape, model.decoder
        self.layers, self.heads = shape.layers, shape.heads
        self.dim, self.vocabulary = shape.width // shape.heads, shape.vocabulary
        self.words = decoder.words
        self.places = nn.Parameter(decoder.places.weight.detach(), requires_grad=False)
        self.blocks = nn.ModuleList(_Block(layer) for layer in decoder.layers if isinstance(layer, Layer))
        self.norm = decoder.norm
        self.head = nn.Linear(shape.width, shape.vocabulary)
        self.head.weight = nn.Parameter(decoder.words.weight.detach(), requires_grad=False)
        bias = decoder.bias.detach().clone()
        bias[NEVER] = _IMPOSSIBLE
        self.head.bias = nn.Parameter(bias, requires_grad=False)

    def forward(self, input_ids: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """input_ids [rows, new] to logits [rows, vocabulary] and the grown past; see the protocol."""
        hidden = self.words(input_ids) + place(self.places, input_ids, past)
        hidden, present = through(self.blocks, hidden, past, context)
        return self.head(self.norm(hidden[:, -1:]))[:, 0], present


class _Block(nn.Module):
    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer
        self.scale = (layer.self_out.in_features // layer.heads) ** -0.5

    def forward(self, hidden: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        layer = self.layer
        query, key, value = layer.self_in(layer.self_norm(hidden)).chunk(3, -1)
        seen, *present = attend_with_past(query, key, value, past[0], past[1], layer.heads, self.scale)
        hidden = hidden + layer.self_out(seen)
        seen = look(layer.cross_in(layer.cross_norm(hidden)), context, layer.heads, self.scale)
        hidden = hidden + layer.cross_out(seen)
        return hidden + layer.feed_out(F.gelu(layer.feed_in(layer.feed_norm(hidden)))), present
