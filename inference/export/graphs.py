"""From torch modules to ONNX files with the names that the engine expects."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnxruntime as ort
import torch
from torch import Tensor, nn
from torch.export import Dim

from inference.export.decoders import TopStep

OPSET = 20  # the first with a Gelu of its own


def context_names(layers: int) -> list[str]:
    """Name the encoder's outputs that are keys and values of the decoder's cross-attention, in their order."""
    return [f"cross.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]


def export_encoder(
    module: nn.Module, pixel_values: Tensor, path: Path, outputs: Sequence[str], prompt_ids: Tensor | None = None
) -> None:
    """Write `encoder.onnx`: pixel_values [batch, 3, height, width] to the named outputs.

    Where there are prompt_ids [1, length], one photo and a prompt of any length.
    """
    if prompt_ids is None:
        export_graph(module, (pixel_values,), path, ["pixel_values"], outputs, ({0: Dim("batch")},))
    else:
        inputs, shapes = ["pixel_values", "prompt_ids"], (None, {1: Dim("prompt_length")})
        export_graph(module, (pixel_values, prompt_ids), path, inputs, outputs, shapes)


def export_decoder(
    module: TopStep, context: Sequence[Tensor], path: Path, names: Sequence[str], prompted: bool = False
) -> None:
    """Write `decoder.onnx`: one step of `module` over a photo's context, the encoder's outputs with their names.

    Where a prompt is part of the context, that may have any number of positions.
    """
    step = module.step
    past = torch.zeros(2, step.layers * 2 * step.heads, 3, step.dim)
    arguments = (torch.ones(3, 2, dtype=torch.long), torch.tensor([0, 0, 1]), past, list(context))
    rows, new, past_rows, length = Dim("rows"), Dim("new"), Dim("past_rows"), Dim("past_length")
    positions = {2: Dim("positions")} if prompted else None
    shapes = ({0: rows, 1: new}, {0: rows}, {0: past_rows, 2: length}, [positions for _ in context])
    inputs = ["input_ids", "parents", "past", *names]
    outputs = ["logits", "top_scores", "top_tokens", "present"]
    export_graph(module, arguments, path, inputs, outputs, shapes)


def export_graph(
    module: nn.Module,
    arguments: tuple[Any, ...],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic_shapes: tuple[Any, ...],
) -> None:
    """Write a module as an ONNX graph in fp32, weights inside; nested arguments are named leaf by leaf."""
    with torch.inference_mode(False), torch.no_grad(), quiet():
        torch.onnx.export(
            module.eval(),
            arguments,
            path,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=dynamic_shapes,
            external_data=False,
            verbose=False,
        )


def optimise(source: Path, target: Path) -> None:
    """Fuse operators once, so that the engine need not at every start.

    The extended level is the last whose result runs on any processor: what comes after it picks memory layouts.
    """
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the exporter's remarks (it lacks torchvision, it renames dimensions) from the user's screen."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
