"""A small transformer decoder with a cache, and the part of the model that learns."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training import encoder


@dataclass(frozen=True)
class Shape:
    """Sizes of the decoder. `longest` counts tokens with START and END."""

    vocabulary: int
    width: int = 256
    heads: int = 4
    layers: int = 3
    longest: int = 24
    dropout: float = 0.2


def thrifty() -> torch.autocast:
    """Compute in bfloat16 where the processor does so in hardware or nearly: AVX2 would take ten times as long."""
    return torch.autocast("cpu", torch.bfloat16, enabled="AVX512" in torch.backends.cpu.get_cpu_capability())


class Layer(nn.Module):
    """Self-attention over the words so far, cross-attention over the photo, feed-forward; each normalised first."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.self_norm, self.cross_norm, self.feed_norm = (nn.LayerNorm(width) for _ in range(3))
        self.self_in, self.self_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.cross_in, self.cross_out = nn.Linear(width, width), nn.Linear(width, width)
        self.feed_in, self.feed_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, words: Tensor, past: Tensor, cross: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Arguments as the Decoder's, of one layer.

        past [2, rows, heads, past, dim], cross [2, photos, heads, positions, dim]. Rows are grouped by photo: row r
        looks at photo r // (rows / photos).
        """
        rows, length, width = words.shape
        query, key, value = (
            self.self_in(self.self_norm(words)).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        present = torch.stack([torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)])
        seen = F.scaled_dot_product_attention(query, present[0], present[1], mask)
        words = words + self.dropout(self.self_out(seen.transpose(1, 2).reshape(rows, length, width)))

        photos = cross.shape[1]
        asked = self.cross_in(self.cross_norm(words)).view(photos, -1, self.heads, width // self.heads).transpose(1, 2)
        seen = F.scaled_dot_product_attention(asked, cross[0], cross[1])
        words = words + self.dropout(self.cross_out(seen.transpose(1, 2).reshape(rows, length, width)))

        return words + self.dropout(self.feed_out(F.gelu(self.feed_in(self.feed_norm(words))))), present


class Decoder(nn.Module):
    """Words and a photo in, the next word's logits out."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.longest, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary))
        self.dropout = nn.Dropout(shape.dropout)
        for embedding in (self.words, self.places):
            nn.init.normal_(embedding.weight, std=0.05)

    def forward(
        self, ids: Tensor, places: Tensor, past: Tensor, cross: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The hidden states [rows, length, width], and the past grown by this length.

        ids and places int64 [rows, length]; past [layers, 2, rows, heads, past, dim]; cross [layers, 2, photos, heads,
        positions, dim]; mask bool [rows or 1, 1, length, past + length], true where a word may look.
        """
        hidden = self.dropout(self.words(ids) + self.places(places))
        present = []
        for layer, layer_past, layer_cross in zip(self.layers, past, cross, strict=True):
            hidden, layer_present = layer(hidden, layer_past, layer_cross, mask)
            present.append(layer_present)
        return self.norm(hidden), torch.stack(present)

    def logits(self, hidden: Tensor) -> Tensor:
        """[..., width] to [..., vocabulary]; the output shares the embedding's weights."""
        return F.linear(hidden, self.words.weight, self.bias)


class Model(nn.Module):
    """All that learns: the encoder's tail, the bridge from it to the decoder, and the decoder."""

    def __init__(self, shape: Shape, tail: nn.Module) -> None:
        super().__init__()
        self.shape = shape
        self.tail = tail
        self.bridge = nn.Sequential(nn.Linear(encoder.CHANNELS, shape.width), nn.LayerNorm(shape.width))
        self.keys_and_values = nn.Linear(shape.width, shape.layers * 2 * shape.width)
        self.decoder = Decoder(shape)

    def see(self, maps: Tensor) -> Tensor:
        """The trunk's maps [photos, channels, side, side] as visual tokens [photos, positions, width]."""
        with torch.autocast("cpu", enabled=False):
            features: Tensor = self.tail(maps)
        visual: Tensor = self.bridge(features.flatten(2).transpose(1, 2))
        return visual

    def cross(self, visual: Tensor) -> Tensor:
        """The keys and values of every layer's cross-attention, [layers, 2, photos, heads, positions, dim]."""
        photos, positions, _ = visual.shape
        shape = self.shape
        split: Tensor = self.keys_and_values(visual).view(photos, positions, shape.layers, 2, shape.heads, -1)
        return split.permute(2, 3, 0, 4, 1, 5)

    def no_past(self, rows: int) -> Tensor:
        """The past of a caption's first word."""
        shape = self.shape
        return torch.zeros(shape.layers, 2, rows, shape.heads, 0, shape.width // shape.heads)
