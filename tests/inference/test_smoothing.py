"""A few channels behind a LayerNorm are huge: what is given to a product must not suffer."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inference.export.precision import quantize_int8
from inference.export.smoothing import smooth

WIDTH = 32
DRAW = np.random.default_rng(0)
HUGE = np.where(np.arange(WIDTH) < 2, 200, 1).astype(np.float32)
WEIGHTS = [(DRAW.normal(size=(WIDTH, WIDTH)) / HUGE[:, None]).astype(np.float32) for _ in range(2)]
PHOTOS = [{"pixel_values": DRAW.normal(size=(1, 9, WIDTH)).astype(np.float32)} for _ in range(3)]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Two products of one norm's result, and one of their sum; a second norm that something else reads, too."""
    make = helper.make_node
    nodes = [
        make("LayerNormalization", ["pixel_values", "scale", "bias"], ["norm"], name="norm"),
        make("MatMul", ["norm", "first"], ["one"], name="first"),
        make("MatMul", ["norm", "second"], ["two"], name="second"),
        make("Add", ["one", "two"], ["sum"], name="sum"),
        make("LayerNormalization", ["sum", "scale", "bias"], ["other"], name="other"),
        make("MatMul", ["other", "first"], ["three"], name="third"),
        make("Add", ["three", "other"], ["result"], name="end"),
    ]
    constants = {"scale": HUGE, "bias": DRAW.normal(size=WIDTH).astype(np.float32)}
    constants |= dict(zip(("first", "second"), WEIGHTS, strict=True))
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    given, result, middle = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, WIDTH])
        for name in ("pixel_values", "result", "sum")
    )
    made = helper.make_graph(nodes, "norms", [given], [result, middle], tensors)
    onnx.save(
        helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), tmp_path / "graph.onnx"
    )
    return tmp_path / "graph.onnx"


def run(file: Path) -> list[NDArray[np.float32]]:
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return [session.run(["sum"], given)[0] for given in PHOTOS]


def errors(file: Path, exact: list[NDArray[np.float32]]) -> list[float]:
    pairs = zip(run(file), exact, strict=True)
    return [float(np.linalg.norm(found - right) / np.linalg.norm(right)) for found, right in pairs]


def test_a_smoothed_graph_computes_the_same(graph: Path, tmp_path: Path) -> None:
    assert smooth(graph, tmp_path / "smooth.onnx", PHOTOS[:1]) == ["first", "second"]
    assert max(errors(tmp_path / "smooth.onnx", run(graph))) < 1e-5


def test_huge_channels_leave_the_others_as_they_were(graph: Path, tmp_path: Path) -> None:
    smooth(graph, tmp_path / "smooth.onnx", PHOTOS[:1])
    quantize_int8(graph, tmp_path / "plain-int8.onnx")
    quantize_int8(tmp_path / "smooth.onnx", tmp_path / "smooth-int8.onnx")
    exact = run(graph)
    smoothed = errors(tmp_path / "smooth-int8.onnx", exact)
    assert max(smoothed) < 0.02
    assert min(errors(tmp_path / "plain-int8.onnx", exact)) > 5 * max(smoothed)


def test_a_norm_that_something_else_reads_stays_as_it_is(graph: Path, tmp_path: Path) -> None:
    smooth(graph, tmp_path / "smooth.onnx", PHOTOS)
    other = next(node for node in onnx.load(tmp_path / "smooth.onnx").graph.node if node.name == "other")
    assert list(other.input) == ["sum", "scale", "bias"]
