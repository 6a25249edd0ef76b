"""Attention as functions that compute in torch and become one node of ONNX Runtime when they are exported.

The node is `com.microsoft.MultiHeadAttention`: on CPUs it is as fast as the separate products, and it takes and returns
the cache without the reshapes and copies that these need.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

_NODE = "com.microsoft::MultiHeadAttention"


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, scale: float) -> Tensor:
    """Attend from query [batch, length, heads * dim] to key and value, without a mask.

    key and value are [batch, positions, heads * dim] or [batch, heads, positions, dim]. Returns the query's shape.
    """
    if torch.compiler.is_exporting():
        attributes = {"num_heads": heads, "scale": scale}
        return torch.onnx.ops.symbolic(
            _NODE, (query, key, value), attributes, dtype=query.dtype, shape=query.shape, version=1
        )
    split = _heads(query, heads)
    seen = F.scaled_dot_product_attention(split, _heads(key, heads), _heads(value, heads), scale=scale)
    return seen.transpose(1, 2).reshape(query.shape)


def attend_with_past(
    query: Tensor, key: Tensor, value: Tensor, past_key: Tensor, past_value: Tensor, heads: int, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Attend from each new position to itself and to those before it.

    query, key and value are [rows, new, heads * dim], past_key and past_value [rows, heads, past, dim].
    Returns what was seen [rows, new, heads * dim] and the grown keys and values [rows, heads, past + new, dim].
    """
    if torch.compiler.is_exporting():
        rows, _, past, dim = past_key.shape
        grown = (rows, heads, past + query.shape[1], dim)
        seen, present_key, present_value = torch.onnx.ops.symbolic_multi_out(
            _NODE,
            (query, key, value, None, None, None, past_key, past_value),
            {"num_heads": heads, "scale": scale, "unidirectional": 1},
            dtypes=(query.dtype,) * 3,
            shapes=(query.shape, grown, grown),
            version=1,
        )
        return seen, present_key, present_value
    present_key = torch.cat([past_key, _heads(key, heads)], 2)
    present_value = torch.cat([past_value, _heads(value, heads)], 2)
    split, (new, past) = _heads(query, heads), (query.shape[1], past_key.shape[2])
    earlier = torch.ones(new, past + new, dtype=torch.bool).tril(past)
    seen = F.scaled_dot_product_attention(split, present_key, present_value, earlier, scale=scale)
    return seen.transpose(1, 2).reshape(query.shape), present_key, present_value


def _heads(part: Tensor, heads: int) -> Tensor:
    """[batch, length, heads * dim] to [batch, heads, length, dim]; four dimensions stay as they are."""
    return part.unflatten(-1, (heads, -1)).transpose(1, 2) if part.dim() == 3 else part
