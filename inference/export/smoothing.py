"""Outliers of normalised activations, moved into the weights of the products that read them.

A few channels are much larger than the others behind a LayerNorm, which one scale for all of an activation would pay
for. Divided by a factor each, in the norm's own weights, and multiplied again in the products' matrices, the result is
the same (SmoothQuant, https://arxiv.org/abs/2211.10438, equation 4; its α is `STRENGTH`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from inference.export.editing import Feeds, Graph, running, weight_of

Floats = NDArray[np.float32]

STRENGTH = 0.75
_TINY = 1e-5


def smooth(source: Path, target: Path, feeds: Sequence[Feeds]) -> list[str]:
    """Even out the channels behind each LayerNorm; returns the names of the products that read one.

    `source` is a graph in fp32, and each of `feeds` what it is given about a photo, by the names of its inputs.
    """
    graph = Graph(source)
    norms = {node.output[0]: node for node in graph.nodes if _is_smoothable(graph, node)}
    largest = {name: np.zeros(1, np.float32) for name in norms}
    for seen in _activations(graph, list(norms), feeds, target.parent):
        for name, activation in seen.items():
            rows = np.abs(activation).reshape(-1, activation.shape[-1])
            largest[name] = np.maximum(largest[name], rows.max(0))
    for name, norm in norms.items():
        products = graph.consumers[name]
        matrices = {node.input[1]: weight for node in products if (weight := weight_of(graph, node)) is not None}
        wide = np.max([np.abs(weight).max(1) for weight in matrices.values()], 0)
        factors = np.maximum(largest[name], _TINY) ** STRENGTH / np.maximum(wide, _TINY) ** (1 - STRENGTH)
        for place, given in enumerate(norm.input):
            if (value := graph.constant(given)) is not None:
                norm.input[place] = graph.add(f"{name}.{given}.smooth", (value / factors).astype(np.float32))
        for product in products:
            given = product.input[1]
            product.input[1] = graph.add(f"{name}.{given}.smooth", matrices[given] * factors[:, None])
    graph.save(target)
    return [product.name for name in norms for product in graph.consumers[name]]


def _activations(
    graph: Graph, names: Sequence[str], feeds: Sequence[Feeds], folder: Path
) -> Iterator[dict[str, Floats]]:
    """What a graph computes on its way, by the names of the values, for each of `feeds`; it runs from `folder`."""
    if not names:
        return
    probe = onnx.ModelProto()
    probe.CopyFrom(graph.model)
    del probe.graph.output[:]
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = running(probe, folder)
    for given in feeds:
        yield dict(zip(names, session.run(names, given), strict=True))


def _is_smoothable(graph: Graph, node: onnx.NodeProto) -> bool:
    """Whether a node is a LayerNorm whose result is given to products with constant matrices and to nothing else."""
    if node.op_type != "LayerNormalization" or any(graph.constant(name) is None for name in node.input[1:]):
        return False
    users = graph.consumers[node.output[0]]
    shown = {output.name for output in graph.model.graph.output}
    return bool(users) and node.output[0] not in shown and all(weight_of(graph, user) is not None for user in users)
