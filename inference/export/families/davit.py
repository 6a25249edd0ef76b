"""DaViT, Florence-2's eyes: four stages, in which attention alternates between positions of a window and channels.

https://arxiv.org/abs/2204.03645; the padding of windows is that of transformers' Florence2VisionWindowAttention.
"""

import copy

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from inference.export.operators import attend


class DaViT(nn.Module):
    """[batch, 3, height, width] to [batch, channels, height / 32, width / 32]."""

    def __init__(self, tower: PreTrainedModel) -> None:
        super().__init__()
        stages = []
        for embed, blocks in zip(tower.convs, tower.blocks, strict=True):
            stages.append(_Embed(embed))
            for block in blocks:
                spatial, channel = block.spatial_block, block.channel_block
                stages += [
                    _Half(spatial.conv1, spatial.norm1, _Windows(spatial.window_attn)),
                    _Half(spatial.conv2, spatial.norm2, _Each(spatial.ffn)),
                    _Half(channel.conv1, channel.norm1, _Channels(channel.channel_attn)),
                    _Half(channel.conv2, channel.norm2, _Each(channel.ffn)),
                ]
        self.stages = nn.Sequential(*stages)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """See the class."""
        seen: Tensor = self.stages(pixel_values)
        return seen


class _Embed(nn.Module):
    """Neighbouring positions become one; their LayerNorm comes before or after."""

    def __init__(self, embed: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.before = embed.conv, embed.norm, embed.pre_norm

    def forward(self, hidden: Tensor) -> Tensor:
        return self.conv(self._normed(hidden)) if self.before else self._normed(self.conv(hidden))

    def _normed(self, hidden: Tensor) -> Tensor:
        normed: Tensor = self.norm(hidden.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return normed


class _Half(nn.Module):
    """Each position takes from its neighbours, then from `body`, and each time keeps what it was."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module, body: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.body = copy.deepcopy(conv), norm, body
        self.conv.weight.data[:, 0, 1, 1] += 1  # the sum with the input, as part of the kernel

    def forward(self, hidden: Tensor) -> Tensor:
        height, width = hidden.shape[2:]
        rows = self.conv(hidden).flatten(2).transpose(1, 2)
        rows = rows + self.body(self.norm(rows), height, width)
        return rows.transpose(1, 2).unflatten(2, (height, width))


class _Each(nn.Module):
    """The same for each position."""

    def __init__(self, mlp: nn.Module) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(self, rows: Tensor, _height: int, _width: int) -> Tensor:
        fed: Tensor = self.mlp(rows)
        return fed


class _Windows(nn.Module):
    """Attention among the positions of a window."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.side, self.heads, self.scale = attention.window_size, attention.num_heads, attention.scale
        self.split, self.join = attention.qkv, attention.proj

    def forward(self, rows: Tensor, height: int, width: int) -> Tensor:
        side = self.side
        image = F.pad(rows.unflatten(1, (height, width)), (0, 0, 0, -width % side, 0, -height % side))
        batch, padded_height, padded_width, channels = image.shape
        tall, wide = padded_height // side, padded_width // side
        windows = image.reshape(batch, tall, side, wide, side, channels).permute(0, 1, 3, 2, 4, 5)
        query, key, value = self.split(windows.reshape(-1, side * side, channels)).chunk(3, -1)
        seen = self.join(attend(query, key, value, self.heads, self.scale))
        image = seen.reshape(batch, tall, wide, side, side, channels).permute(0, 1, 3, 2, 4, 5)
        return image.reshape(batch, padded_height, padded_width, channels)[:, :height, :width].flatten(1, 2)


class _Channels(nn.Module):
    """Attention among the channels of a group, over all positions."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.groups, self.split, self.join = attention.groups, attention.qkv, attention.proj

    def forward(self, rows: Tensor, _height: int, _width: int) -> Tensor:
        query, key, value = (part.unflatten(-1, (self.groups, -1)) for part in self.split(rows).chunk(3, -1))
        scale = rows.shape[1] ** -0.5
        shares = ((query * scale).permute(0, 2, 3, 1) @ key.transpose(1, 2)).softmax(-1)  # [batch, groups, dim, dim]
        seen = value.transpose(1, 2) @ shares.transpose(2, 3)  # [batch, groups, positions, dim]
        return self.join(seen.transpose(1, 2).flatten(2))


def grid(height: int, width: int, tower: PreTrainedModel) -> tuple[int, int]:
    """(height, width) of what the tower makes of such a photo."""
    for conv in (embed.conv for embed in tower.convs):
        sides = zip((height, width), conv.padding, conv.kernel_size, conv.stride, strict=True)
        height, width = ((side + 2 * padding - kernel) // stride + 1 for side, padding, kernel, stride in sides)
    return height, width
