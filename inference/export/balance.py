"""Make activations easier to round: SmoothQuant (Xiao et al. 2023, arXiv 2211.10438) on a vision transformer's blocks.

Int8 rounds all of an activation in steps of its largest channel. Dividing the channels before a product and multiplying
the weights' columns by the same factors changes nothing but the rounding, and evens the channels out. The division moves
into what makes the activation: a LayerNorm, or the values of an attention. Factors are powers of two, so that the fp32
graph computes the same numbers, bit for bit.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from inference.export.encoders import Block, EncoderGraph, PlainEncoder

_SHARE = 0.7
"""How much of the activations' range moves into the weights (the paper's alpha)."""


def balance(graph: EncoderGraph, photos: Iterable[Tensor]) -> None:
    """Balance an encoder's products in place, for activations like those of `photos`, [1, 3, height, width] each."""
    encoder = graph.encoder
    if not isinstance(encoder, PlainEncoder):
        return
    products = {module for block in encoder.blocks for module in (block.split, block.join, *block.widening)}
    ranges = _ranges(graph, products, photos)
    for block in encoder.blocks:
        _divide(block.first_norm, _multiply(ranges, block.split))
        _divide(block.second_norm, _multiply(ranges, *block.widening))
        _divide_values(block, _multiply(ranges, block.join))


def _ranges(graph: nn.Module, products: Iterable[nn.Linear], photos: Iterable[Tensor]) -> dict[nn.Linear, Tensor]:
    """The largest magnitude of each channel of each product's input."""
    ranges: dict[nn.Linear, Tensor] = {}

    def watch(product: nn.Linear, inputs: tuple[Tensor]) -> None:
        found = inputs[0].abs().flatten(0, -2).amax(0)
        ranges[product] = torch.maximum(ranges.get(product, found), found)

    hooks = [product.register_forward_pre_hook(watch) for product in products]
    with torch.no_grad():
        for photo in photos:
            graph(photo)
    for hook in hooks:
        hook.remove()
    return ranges


def _multiply(ranges: dict[nn.Linear, Tensor], *products: nn.Linear) -> Tensor:
    """Multiply the columns of products that share an input; returns the factors."""
    weights = torch.cat([product.weight for product in products]).abs().amax(0)
    wanted = ranges[products[0]].clamp(min=1e-5) ** _SHARE / weights.clamp(min=1e-5) ** (1 - _SHARE)
    factors = torch.exp2(torch.log2(wanted / wanted.median()).round())
    for product in products:
        product.weight.data.mul_(factors)
    return factors


def _divide(norm: nn.LayerNorm, factors: Tensor) -> None:
    norm.weight.data.div_(factors)
    norm.bias.data.div_(factors)


def _divide_values(block: Block, factors: Tensor) -> None:
    """Divide the values, the last third of the joint product: attention mixes positions, never channels."""
    values = slice(-len(factors), None)
    block.split.weight.data[values].div_(factors[:, None])
    if block.split.bias is not None:
        block.split.bias.data[values].div_(factors)
