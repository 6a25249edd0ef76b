"""Weights in a file of their own, which ONNX Runtime maps into memory where it would else copy them."""

from pathlib import Path

import onnx
from onnx import numpy_helper
from onnx.external_data_helper import set_external_data

_SMALL = 1024  # bytes; smaller constants stay in the graph, where shapes have to be
_ALIGNMENT = 64  # bytes: the widest vector register


def lay_out(source: Path, folder: Path, name: str) -> None:
    """Write a graph into a model folder, and its weights beside it: `encoder.onnx` and `encoder.bin`."""
    model = onnx.load(source)
    weights = (folder / name).with_suffix(".bin")
    with weights.open("wb") as file:
        for tensor in model.graph.initializer:
            data = numpy_helper.to_array(tensor)
            if data.nbytes < _SMALL:
                continue
            tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))
            file.write(bytes(-file.tell() % _ALIGNMENT))
            set_external_data(tensor, weights.name, file.tell(), data.nbytes)
            file.write(tensor.raw_data)
            tensor.ClearField("raw_data")
    onnx.save(model, folder / name)
