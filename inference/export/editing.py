"""What the rewriting of ONNX graphs works with."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Feeds = Mapping[str, NDArray[np.generic]]
"""What a graph is given, by the names of its inputs."""

MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

MOST = 2_000_000_000
"""Bytes of weights; a message of Protocol Buffers ends at 2 GiB: https://protobuf.dev/programming-guides/proto-limits"""


class Graph:
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

    def add(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """Add a constant, or replace it; returns its name."""
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def save(self, target: Path) -> None:
        """Write the graph without the constants that nothing uses any more."""
        used = {name for node in self.nodes for name in node.input}
        graph = self.model.graph
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(self.nodes)
        graph.initializer.extend(tensor for name, tensor in self.constants.items() if name in used)
        if any(node.domain == MICROSOFT for node in self.nodes) and not any(
            known.domain == MICROSOFT for known in self.model.opset_import
        ):
            self.model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
        write(self.model, target)


def write(model: onnx.ModelProto, target: Path) -> None:
    """Write a graph, and its weights beside it where one message could not hold them; those leave `model` then."""
    if sum(len(tensor.raw_data) for tensor in model.graph.initializer) < MOST:
        onnx.save(model, target)
        return
    weights = target.with_suffix(".weights")
    weights.unlink(missing_ok=True)  # onnx would add to it
    onnx.save(model, target, save_as_external_data=True, location=weights.name)


def running(model: onnx.ModelProto, folder: Path) -> ort.InferenceSession:
    """Have ONNX Runtime run a graph, from a file in `folder`."""
    file = folder / "probe.onnx"
    write(model, file)
    return ort.InferenceSession(file, providers=["CPUExecutionProvider"])


def weight_of(graph: Graph, node: onnx.NodeProto) -> NDArray[np.float32] | None:
    """The constant matrix [inputs, outputs] of a product, or None."""
    if node.op_type != "MatMul":
        return None
    weight = graph.constant(node.input[1])
    return weight if weight is not None and weight.ndim == 2 else None


def add_integers(
    graph: Graph, product: onnx.NodeProto, integers: NDArray[np.int8], scales: NDArray[np.float32]
) -> tuple[str, str]:
    """Add a product's rounded matrix and its columns' scales to the graph; returns their names."""
    name = product.input[1]
    return graph.add(f"{name}.int8", integers), graph.add(f"{name}.scale", scales)


def rounded(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 with one scale for each index of the other axis.

    Two neighbours of one sign are 127 together at most. x86 processors without VNNI add the products of two neighbours
    with two uint8 up in 16 bits, and would cut larger sums off:
    https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    """
    firsts = np.arange(0, values.shape[axis], 2)
    pairs = [np.add.reduceat(np.maximum(sign * values, 0), firsts, axis).max(axis) for sign in (1, -1)]
    scales = np.maximum(np.maximum(*pairs) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    integers = np.rint(values / np.expand_dims(scales, axis))
    return np.clip(integers, -127, 127).astype(np.int8), scales
