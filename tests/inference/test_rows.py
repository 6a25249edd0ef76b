"""Int8 products whose activations have one huge row, as those of vision transformers do."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inference.export import editing
from inference.export.precision import quantize_int8
from inference.export.rows import quantize_rows, rounding_errors

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
    assert error(run(tmp_path / "rows.onnx", seen), run(graph, seen)) < 0.02


def test_what_is_kept_is_exact(graph: Path, tmp_path: Path) -> None:
    seen = tokens(1, 1)
    quantize_rows(graph, tmp_path / "rows.onnx", keep=["first", "second"])
    np.testing.assert_array_equal(run(tmp_path / "rows.onnx", seen), run(graph, seen))


def test_the_product_that_rounding_moves_most_is_found(graph: Path) -> None:
    seen = tokens(1, 1, 1)
    flat = rounding_errors(graph, [{"pixel_values": seen}])
    seen[..., 0] *= 50  # one channel spoils every row of the first product
    spoilt = rounding_errors(graph, [{"pixel_values": seen}])
    assert spoilt["first"] > 2 * flat["first"]
    assert flat.keys() == {"first", "second"}


def test_every_processor_can_add_two_of_the_products_in_16_bits(graph: Path, tmp_path: Path) -> None:
    quantize_int8(graph, tmp_path / "int8.onnx")
    for name in ("first", "second"):
        integers = weights(tmp_path / "int8.onnx")[f"{name}.int8"].astype(int)
        pairs = 255 * integers.reshape(WIDTH // 2, 2, WIDTH)  # with the largest uint8
        assert np.maximum(pairs, 0).sum(1).max() < 2**15
        assert np.minimum(pairs, 0).sum(1).min() >= -(2**15)


def test_the_largest_weights_of_one_sign_are_not_cut_off(tmp_path: Path) -> None:
    """On an x86 processor without VNNI a sum of two products is at most 32,767."""
    weight = np.ones((WIDTH, 1), np.float32)
    file = product_of(weight, tmp_path)
    quantize_int8(file, tmp_path / "int8.onnx")
    quantize_rows(file, tmp_path / "rows.onnx")
    seen = np.ones((1, 2, WIDTH), np.float32)
    for quantized in ("int8.onnx", "rows.onnx"):
        assert error(run(tmp_path / quantized, seen), seen @ weight) < 0.01


def test_weights_that_one_message_could_not_hold_lie_beside_the_graph(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tokens(1, 100)
    feeds = [{"pixel_values": seen}]
    quantize_rows(graph, tmp_path / "whole.onnx")
    errors = rounding_errors(graph, feeds)
    monkeypatch.setattr(editing, "MOST", 0)
    for _ in range(2):  # the second time over the first one's files
        quantize_rows(graph, tmp_path / "parted.onnx")
        assert rounding_errors(graph, feeds) == errors
    assert 2 * WIDTH**2 <= (tmp_path / "parted.weights").stat().st_size < 3 * WIDTH**2
    assert np.array_equal(run(tmp_path / "parted.onnx", seen), run(tmp_path / "whole.onnx", seen))


def weights(file: Path) -> dict[str, NDArray[np.generic]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(file).graph.initializer}


def product_of(weight: NDArray[np.float32], folder: Path) -> Path:
    """A graph of one product."""
    node = helper.make_node("MatMul", ["pixel_values", "weight"], ["narrow"], name="only")
    given, result = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, size])
        for name, size in zip(("pixel_values", "narrow"), weight.shape, strict=True)
    )
    made = helper.make_graph([node], "one", [given], [result], [numpy_helper.from_array(weight, "weight")])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "one.onnx")
    return folder / "one.onnx"
