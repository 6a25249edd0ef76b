"""Vision transformers as one graph each: pixels in, the keys and values that the decoder attends to out."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from inference.export.operators import attend


class EncoderGraph(nn.Module):
    """A trunk that makes features of photos, and all that a decoder needs of them computed only once."""

    def __init__(self, trunk: nn.Module, cross: nn.Linear, layers: int, heads: int) -> None:
        """`cross` makes layers * 2 * heads * dim numbers of a feature, in this order."""
        super().__init__()
        self.trunk, self.cross = trunk, cross
        self.layers, self.heads = layers, heads

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """[batch, 3, height, width] to a key and a value of each layer, [batch, heads, positions, dim]."""
        return self.keys_and_values(self.trunk(pixel_values))

    def keys_and_values(self, features: Tensor) -> tuple[Tensor, ...]:
        """[batch, positions, width] to a key and a value of each layer, [batch, heads, positions, dim]."""
        parts: Tensor = self.cross(features).unflatten(-1, (2 * self.layers, self.heads, -1))
        return parts.permute(2, 0, 3, 1, 4).unbind(0)


class VisionTransformer(nn.Module):
    """Blocks over an image's patches, with one or two special tokens before them."""

    def __init__(
        self,
        patches: nn.Conv2d,
        special: Tensor,
        places: Tensor,
        blocks: Iterable[nn.Module],
        norm: nn.Module,
        first_norm: nn.Module | None = None,
    ) -> None:
        """Special tokens are [1, some, width], places are [1, positions, width] and begin with those of the special."""
        super().__init__()
        count = special.shape[1]
        self.patches = patches
        self.register_buffer("special", special.detach() + places[:, :count].detach())
        self.register_buffer("places", places[:, count:].detach().contiguous())
        self.first_norm = first_norm or nn.Identity()
        self.blocks = nn.Sequential(*blocks)
        self.norm = norm

    def forward(self, pixel_values: Tensor) -> Tensor:
        """[batch, 3, height, width] to [batch, positions, width]."""
        hidden = self.patches(pixel_values).flatten(2).transpose(1, 2) + self.places
        hidden = torch.cat([self.special.expand(hidden.shape[0], -1, -1), hidden], 1)
        seen: Tensor = self.norm(self.blocks(self.first_norm(hidden)))
        return seen


class Block(nn.Module):
    """Attention and feed-forward, each normalised first and added to its input."""

    def __init__(
        self, norms: tuple[nn.Module, nn.Module], split: nn.Linear, join: nn.Linear, mlp: nn.Module, heads: int
    ) -> None:
        """`split` makes queries, keys and values, each [..., heads * dim]."""
        super().__init__()
        self.first_norm, self.second_norm = norms
        self.split, self.join, self.mlp = split, join, mlp
        self.heads, self.scale = heads, (join.in_features // heads) ** -0.5

    def forward(self, hidden: Tensor) -> Tensor:
        """[batch, positions, width] to the same shape."""
        query, key, value = self.split(self.first_norm(hidden)).chunk(3, -1)
        hidden = hidden + self.join(attend(query, key, value, self.heads, self.scale))
        return hidden + self.mlp(self.second_norm(hidden))
