"""Int8 products whose activations have one huge row, as those of vision transformers do."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inference.export.precision import quantize_int8
from inference.export.rows import quantize_rows, rounding_errors
from tests.inference.test_export import SUMS_ARE_EXACT

WIDTH = 32
DRAW = np.random.default_rng(0)
WEIGHTS = [DRAW.normal(size=(WIDTH, WIDTH)).astype(np.float32) for _ in range(2)]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Two products in a row, with a GELU and a bias between them."""
    make = helper.make_node
    nodes = [
        make("MatMul", ["pixel_values", "first"], ["wide"], name="first"),
        make("Add", ["wide", "bias"], ["biased"], name="bias"),
        make("Gelu", ["biased"], ["bent"], name="gelu"),
        make("MatMul", ["bent", "second"], ["narrow"], name="second"),
    ]
    constants = dict(
        zip(("first", "second", "bias"), [*WEIGHTS, DRAW.normal(size=WIDTH).astype(np.float32)], strict=True)
    )
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    shape = [1, None, WIDTH]
    given = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info("narrow", TensorProto.FLOAT, shape)
    model = helper.make_model(
        helper.make_graph(nodes, "two", [given], [result], tensors),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    onnx.save(model, tmp_path / "graph.onnx")
    return tmp_path / "graph.onnx"


def run(file: Path, tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(["narrow"], {"pixel_values": tokens})[0]
    return found


def error(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def tokens(*sizes: float) -> NDArray[np.float32]:
    seen: NDArray[np.float32] = (DRAW.normal(size=(1, len(sizes), WIDTH)) * np.array(sizes)[:, None]).astype(np.float32)
    return seen


def test_a_huge_token_leaves_the_others_as_they_were(graph: Path, tmp_path: Path) -> None:
    seen = tokens(100, 1, 1, 1)
    quantize_rows(graph, tmp_path / "rows.onnx")
    quantize_int8(graph, tmp_path / "int8.onnx")
    exact, by_row, by_tensor = (
        run(file, seen)[:, 1:] for file in (graph, tmp_path / "rows.onnx", tmp_path / "int8.onnx")
    )
    assert error(by_row, exact) < 0.02
    assert error(by_tensor, exact) > 10 * error(by_row, exact)


def test_a_row_of_zeros_does_no_harm(graph: Path, tmp_path: Path) -> None:
    seen = tokens(0, 1)
    quantize_rows(graph, tmp_path / "rows.onnx")
    assert error(run(tmp_path / "rows.onnx", seen), run(graph, seen)) < (0.02 if SUMS_ARE_EXACT else 0.1)


def test_what_is_kept_is_exact(graph: Path, tmp_path: Path) -> None:
    seen = tokens(1, 1)
    quantize_rows(graph, tmp_path / "rows.onnx", keep=["first", "second"])
    np.testing.assert_array_equal(run(tmp_path / "rows.onnx", seen), run(graph, seen))


def test_the_product_that_rounding_moves_most_is_found(graph: Path) -> None:
    seen = tokens(1, 1, 1)
    flat = rounding_errors(graph, [seen])
    seen[..., 0] *= 50  # one channel spoils every row of the first product
    spoilt = rounding_errors(graph, [seen])
    assert spoilt["first"] > 2 * flat["first"]
    assert flat.keys() == {"first", "second"}
