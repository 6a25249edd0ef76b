"""Smaller weights: int8 products, int8 or fp16 embeddings, fp16 storage.

Every function rewrites an ONNX graph as `export_graph` leaves it, before `optimise`; only `store_fp16` comes last, for
optimising would fold its casts.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from inference.export.editing import MICROSOFT, Graph, add_integers, rounded, weight_of

_LARGEST_FP16 = 65504.0
_SMALL = 1024  # elements; smaller constants stay as they are


def products(source: Path) -> list[str]:
    """Name the products with a constant matrix, in the order in which they run: what `quantize_int8` may keep."""
    graph = Graph(source)
    return [node.name for node in graph.nodes if weight_of(graph, node) is not None]


def quantize_int8(source: Path, target: Path, keep: Collection[str] = ()) -> None:
    """Make the products with constant matrices int8, each activation with one scale as it comes.

    Each column of the weights has a scale. `keep` names products that stay fp32. The node is
    `com.microsoft.DynamicQuantizeMatMul`, which takes the bias too; the fastest for a few rows.
    """
    graph = Graph(source)
    replaced: list[onnx.NodeProto] = []
    absorbed: set[str] = set()
    for node in graph.nodes:
        weight = weight_of(graph, node)
        if node.name in absorbed:
            continue
        if weight is None or node.name in keep:
            replaced.append(node)
            continue
        inputs = [node.input[0], *add_integers(graph, node, *rounded(weight, axis=0))]
        output = node.output[0]
        if (sum_ := _bias(graph, node)) is not None:
            bias = next(name for name in sum_.input if name != node.output[0])
            inputs += ["", bias]
            output = sum_.output[0]
            absorbed.add(sum_.name)
        replaced.append(helper.make_node("DynamicQuantizeMatMul", inputs, [output], name=node.name, domain=MICROSOFT))
    graph.nodes = replaced
    graph.save(target)


def quantize_embeddings(source: Path, target: Path) -> None:
    """Store lookup tables as int8 with a scale a row.

    A table that is also the matrix of an int8 product (tied weights) is looked up in that matrix, whose columns are the
    table's rows, and costs nothing.
    """
    graph = Graph(source)
    replaced: list[onnx.NodeProto] = []
    for node in graph.nodes:
        table = graph.constant(node.input[0]) if _is_lookup(node) else None
        if table is None or table.size < _SMALL:
            replaced.append(node)
            continue
        name, output = node.input[0], node.output[0]
        integers, scales = rounded(table, axis=1)
        tied = _holder(graph, integers.T)
        rows, scale, cast, scale_column = (f"{output}.{part}" for part in ("rows", "scale", "cast", "scale_column"))
        graph.add(f"{name}.scale", scales)
        graph.add(f"{output}.last", np.array([-1], np.int64))
        if tied is None:
            lookup = [helper.make_node("Gather", [graph.add(f"{name}.int8", integers), node.input[1]], [rows], axis=0)]
        else:  # [width, ...ids] to [...ids, width]
            lookup = [
                helper.make_node("Gather", [tied, node.input[1]], [f"{rows}.columns"], axis=1),
                helper.make_node("Transpose", [f"{rows}.columns"], [rows], perm=[1, 2, 0]),
            ]
        replaced += [
            *lookup,
            helper.make_node("Cast", [rows], [cast], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}.scale", node.input[1]], [scale], axis=0),
            helper.make_node("Unsqueeze", [scale, f"{output}.last"], [scale_column]),
            helper.make_node("Mul", [cast, scale_column], [output]),
        ]
    graph.nodes = replaced
    graph.save(target)


def store_fp16(source: Path, target: Path) -> None:
    """Store the fp32 constants as fp16: half the size, the same arithmetic.

    ONNX Runtime casts them back once, as it loads the graph; of a lookup table only the rows that are looked up.
    """
    graph = Graph(source)
    replaced: list[onnx.NodeProto] = []
    casts: list[onnx.NodeProto] = []
    for name in [name for name, tensor in graph.constants.items() if tensor.data_type == onnx.TensorProto.FLOAT]:
        value = graph.constant(name)
        if value is None or value.size < _SMALL or np.abs(value).max() > _LARGEST_FP16:
            continue
        graph.add(f"{name}.fp16", value.astype(np.float16))
        if not all(_is_lookup(node) and node.input[0] == name for node in graph.consumers[name]):
            casts.append(helper.make_node("Cast", [f"{name}.fp16"], [name], to=onnx.TensorProto.FLOAT))
            del graph.constants[name]
    for node in graph.nodes:
        if _is_lookup(node) and f"{node.input[0]}.fp16" in graph.constants and node.input[0] in graph.constants:
            rows = f"{node.output[0]}.fp16"
            replaced.append(helper.make_node("Gather", [f"{node.input[0]}.fp16", node.input[1]], [rows], axis=0))
            replaced.append(helper.make_node("Cast", [rows], [node.output[0]], to=onnx.TensorProto.FLOAT))
        else:
            replaced.append(node)
    graph.nodes = casts + replaced
    graph.save(target)


def _bias(graph: Graph, product: onnx.NodeProto) -> onnx.NodeProto | None:
    """The node that adds a constant vector to a product and is all that uses it."""
    users = graph.consumers[product.output[0]]
    if len(users) != 1 or users[0].op_type != "Add":
        return None
    other = graph.constant(next(name for name in users[0].input if name != product.output[0]))
    return users[0] if other is not None and other.ndim == 1 else None


def _is_lookup(node: onnx.NodeProto) -> bool:
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    return node.op_type == "Gather" and axis == 0


def _holder(graph: Graph, integers: NDArray[np.int8]) -> str | None:
    """The name of an int8 constant with these values, or None."""
    for name, tensor in graph.constants.items():
        fits = tensor.data_type == onnx.TensorProto.INT8 and tuple(tensor.dims) == integers.shape
        if fits and np.array_equal(numpy_helper.to_array(tensor), integers):
            return name
    return None
