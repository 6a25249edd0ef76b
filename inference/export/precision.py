"""Smaller weights: int8 products, int8 or fp16 embeddings, fp16 storage.

Every function rewrites an ONNX graph as `export_graph` leaves it, before `optimise`; only `store_fp16` comes last, for
optimising would fold its casts.
"""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_MICROSOFT = "com.microsoft"
_LARGEST_FP16 = 65504.0
_SMALL = 1024  # elements; smaller constants stay as they are


class _Graph:
    """A graph with its constants and consumers by name."""

    def __init__(self, source: Path) -> None:
        self.model = onnx.load(source)
        self.nodes = list(self.model.graph.node)
        self.constants = {tensor.name: tensor for tensor in self.model.graph.initializer}
        self.consumers: defaultdict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                self.consumers[name].append(node)

    def constant(self, name: str) -> NDArray[np.float32] | None:
        """The value of a float32 constant, or None."""
        tensor = self.constants.get(name)
        if tensor is None or tensor.data_type != onnx.TensorProto.FLOAT:
            return None
        return numpy_helper.to_array(tensor)

    def add(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants[name] = numpy_helper.from_array(value, name)
        return name

    def save(self, target: Path) -> None:
        """Write the graph without the constants that nothing uses any more."""
        used = {name for node in self.nodes for name in node.input}
        graph = self.model.graph
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(self.nodes)
        graph.initializer.extend(tensor for name, tensor in self.constants.items() if name in used)
        if any(node.domain == _MICROSOFT for node in self.nodes) and not any(
            known.domain == _MICROSOFT for known in self.model.opset_import
        ):
            self.model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
        onnx.save(self.model, target)


def products(source: Path) -> list[str]:
    """Name the products with a constant matrix, in the order in which they run: what `quantize_int8` may keep."""
    graph = _Graph(source)
    return [node.name for node in graph.nodes if _weight(graph, node) is not None]


def quantize_int8(source: Path, target: Path, keep: Collection[str] = ()) -> None:
    """Make the products with constant matrices int8.

    Each column of the weights has a scale; an activation gets its own as it comes. `keep` names products that stay
    fp32. The node is `com.microsoft.DynamicQuantizeMatMul`, which takes the bias too.
    """
    graph = _Graph(source)
    replaced: list[onnx.NodeProto] = []
    absorbed: set[str] = set()
    for node in graph.nodes:
        weight = _weight(graph, node)
        if node.name in absorbed:
            continue
        if weight is None or node.name in keep:
            replaced.append(node)
            continue
        integers, scales = _rounded(weight, axis=0)
        inputs = [
            node.input[0],
            graph.add(f"{node.input[1]}.int8", integers),
            graph.add(f"{node.input[1]}.scale", scales),
        ]
        output = node.output[0]
        if (sum_ := _bias(graph, node)) is not None:
            bias = next(name for name in sum_.input if name != node.output[0])
            inputs += ["", bias]
            output = sum_.output[0]
            absorbed.add(sum_.name)
        replaced.append(helper.make_node("DynamicQuantizeMatMul", inputs, [output], name=node.name, domain=_MICROSOFT))
    graph.nodes = replaced
    graph.save(target)


def quantize_embeddings(source: Path, target: Path) -> None:
    """Store lookup tables as int8 with a scale a row.

    A table that is also the matrix of an int8 product (tied weights) is looked up in that matrix, whose columns are the
    table's rows, and costs nothing.
    """
    graph = _Graph(source)
    replaced: list[onnx.NodeProto] = []
    for node in graph.nodes:
        table = graph.constant(node.input[0]) if _is_lookup(node) else None
        if table is None or table.size < _SMALL:
            replaced.append(node)
            continue
        name, output = node.input[0], node.output[0]
        integers, scales = _rounded(table, axis=1)
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
    graph = _Graph(source)
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


def _weight(graph: _Graph, node: onnx.NodeProto) -> NDArray[np.float32] | None:
    """The constant matrix [inputs, outputs] of a product, or None."""
    if node.op_type != "MatMul":
        return None
    weight = graph.constant(node.input[1])
    return weight if weight is not None and weight.ndim == 2 else None


def _bias(graph: _Graph, product: onnx.NodeProto) -> onnx.NodeProto | None:
    """The node that adds a constant vector to a product and is all that uses it."""
    users = graph.consumers[product.output[0]]
    if len(users) != 1 or users[0].op_type != "Add":
        return None
    other = graph.constant(next(name for name in users[0].input if name != product.output[0]))
    return users[0] if other is not None and other.ndim == 1 else None


def _is_lookup(node: onnx.NodeProto) -> bool:
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    return node.op_type == "Gather" and axis == 0


def _holder(graph: _Graph, integers: NDArray[np.int8]) -> str | None:
    """The name of an int8 constant with these values, or None."""
    for name, tensor in graph.constants.items():
        fits = tensor.data_type == onnx.TensorProto.INT8 and tuple(tensor.dims) == integers.shape
        if fits and np.array_equal(numpy_helper.to_array(tensor), integers):
            return name
    return None


def _rounded(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 with one scale for each index of the other axis."""
    scales = np.maximum(np.abs(values).max(axis) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    integers = np.rint(values / np.expand_dims(scales, axis))
    return np.clip(integers, -127, 127).astype(np.int8), scales
