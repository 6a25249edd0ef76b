"""Int8 products whose activations are rounded row by row: what a vision transformer needs.

A few of its tokens are a hundred times as large as the others, which one scale for all would round away.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from inference.export.editing import MICROSOFT, Feeds, Graph, add_integers, rounded, running, weight_of


@dataclass(frozen=True)
class _Range:
    """How a row becomes uint8: (x + shift) / (largest |x + shift|) * levels + zero."""

    name: str
    shift: float
    levels: int
    zero: int


_ANY = _Range("any", 0, 127, 128)
_GELU = _Range("gelu", 0.1701, 255, 0)  # a GELU is never below -0.17: no level is spent on what can't be


def quantize_rows(source: Path, target: Path, keep: Collection[str] = ()) -> None:
    """Make the products with constant matrices int8, each row of an activation with a scale of its own.

    Each column of the weights has a scale, too. `keep` names products that stay fp32. The node is
    `com.microsoft.MatMulIntegerToFloat`.
    """
    graph = Graph(source)
    ranges = _ranges(graph)
    one = graph.add("rows.one", np.float32(1))
    replaced: list[onnx.NodeProto] = []
    done: set[str] = set()
    for node in graph.nodes:
        weight = weight_of(graph, node)
        if weight is None or node.name in keep:
            replaced.append(node)
            continue
        given, output = node.input[0], node.output[0]
        range_ = ranges[node.name]
        if given not in done:
            done.add(given)
            replaced += _rows(graph, given, range_)
        integers, sizes = rounded(weight, axis=0)
        matrix, scales = add_integers(graph, node, integers, sizes)
        zero = graph.add(f"rows.{range_.name}.zero", np.uint8(range_.zero))
        product, scaled = f"{output}.product", f"{output}.scaled" if range_.shift else output
        replaced += [
            helper.make_node(
                "MatMulIntegerToFloat",
                [f"{given}.rows", matrix, one, scales, zero, ""],
                [product],
                name=node.name,
                domain=MICROSOFT,
            ),
            helper.make_node("Mul", [product, f"{given}.scale"], [scaled]),
        ]
        if range_.shift:  # (x + shift) W = x W + shift (sum of W's rows)
            surplus = graph.add(f"{output}.surplus", np.float32(range_.shift) * (integers * sizes).sum(0))
            replaced.append(helper.make_node("Sub", [scaled, surplus], [output]))
    graph.nodes = replaced
    graph.save(target)


def rounding_errors(source: Path, feeds: Sequence[Feeds]) -> dict[str, float]:
    """How far `quantize_rows` moves the result of each product, as a share of its length, summed over photos.

    `source` is an encoder's graph, and each of `feeds` what it is given about a photo, by the names of its inputs.
    """
    graph = Graph(source)
    ranges = _ranges(graph)
    products = {node.name: node.input[0] for node in graph.nodes if node.name in ranges}
    weights = {node.name: weight for node in graph.nodes if (weight := weight_of(graph, node)) is not None}
    near_weights = {name: np.multiply(*rounded(weight, axis=0)) for name, weight in weights.items()}
    wanted = sorted(set(products.values()))
    del graph.model.graph.output[:]
    graph.model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted)
    session = running(graph.model, source.parent)
    errors = dict.fromkeys(products, 0.0)
    for feed in feeds:
        seen = dict(zip(wanted, session.run(wanted, dict(feed)), strict=True))
        for name, input_ in products.items():
            weight, range_ = weights[name], ranges[name]
            rows = seen[input_].reshape(-1, len(weight)) + np.float32(range_.shift)
            step = np.abs(rows).max(1, keepdims=True) / range_.levels
            near = (np.rint(rows / step) * step - range_.shift) @ near_weights[name]
            exact = (rows - range_.shift) @ weight
            errors[name] += float(np.linalg.norm(near - exact) / np.linalg.norm(exact))
    return errors


def _ranges(graph: Graph) -> dict[str, _Range]:
    """The range of each product's activation, by the product's name."""
    gelus = {node.output[0] for node in graph.nodes if node.op_type == "Gelu"}
    products = [node for node in graph.nodes if weight_of(graph, node) is not None]
    return {node.name: _GELU if node.input[0] in gelus else _ANY for node in products}


def _rows(graph: Graph, given: str, range_: _Range) -> list[onnx.NodeProto]:
    """The nodes that make `{given}.rows` (uint8) and `{given}.scale` (float32, one a row)."""
    make = helper.make_node
    tiny, axis = graph.add("rows.tiny", np.float32(1e-8)), graph.add("rows.axis", np.array([-1], np.int64))
    levels = graph.add(f"rows.{range_.name}.levels", np.float32(range_.levels))
    middle = graph.add(f"rows.{range_.name}.middle", np.float32(range_.zero + 0.5))
    shift = graph.add(f"rows.{range_.name}.shift", np.float32(range_.shift))
    positive, largest, size, inverse, stretched, lifted = (
        f"{given}.{step}" for step in ("positive", "largest", "size", "inverse", "stretched", "lifted")
    )
    lift = [make("Add", [given, shift], [positive])] if range_.shift else [make("Abs", [given], [positive])]
    return [
        *lift,
        make("ReduceMax", [positive, axis], [largest], keepdims=1),
        make("Max", [largest, tiny], [size]),
        make("Div", [levels, size], [inverse]),
        make("Div", [size, levels], [f"{given}.scale"]),
        make("Mul", [positive if range_.shift else given, inverse], [stretched]),
        make("Add", [stretched, middle], [lifted]),
        make("Cast", [lifted], [f"{given}.rows"], to=onnx.TensorProto.UINT8),  # it cuts the fraction off
    ]
