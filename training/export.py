"""From the trained model to a model folder."""

import importlib.metadata
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from inference.export import precision
from inference.export.decoders import TopStep
from inference.export.graphs import context_names, export_decoder, export_encoder, optimise
from inference.export.weights import lay_out
from inference.folder import digest
from inference.manifest import (
    DECODER,
    ENCODER,
    MANIFEST,
    TOKENIZER,
    Agreement,
    Decoding,
    Manifest,
    Precision,
    Preprocessing,
    Size,
)
from inference.search import width
from training import encoder, words
from training.captioning import captions_of
from training.data import CaptionedPhoto
from training.decoder import Model, Shape
from training.graphs import EncoderGraph, WordStep
from training.once import said_once
from training.score import score

_PLAIN = Precision(encoder="fp32", decoder="fp32", embeddings="fp32")
_SMALL = Precision(encoder="fp32, stored as fp16", decoder="int8", embeddings="int8")
_COMPARED_PHOTOS = 300
_PACKAGES = ("torch", "onnx", "onnxruntime", "tokenizers")


@dataclass(frozen=True)
class Trained:
    """What training made, and the trunk that stays as it was."""

    model: Model
    trunk: nn.Module
    tokenizer: Tokenizer


def export(trained: Trained, photos: Sequence[CaptionedPhoto], folder: Path) -> None:
    """Write the model folder, small enough for a clone, and print what the small weights change.

    They are compared with the fp32 weights on the first of `photos`. The folder appears once it is finished; raises
    OSError when there is one already.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as rooms:
        plain, small = Path(rooms, "plain"), Path(rooms, "small")
        decoding = _decoding(trained.model.shape, trained.tokenizer)
        _write_graphs(trained.model, trained.trunk, width(decoding), plain)
        _shrink(plain, small)
        for room, chosen in ((plain, _PLAIN), (small, _SMALL)):
            trained.tokenizer.save(str(room / TOKENIZER))
            _manifest(room, decoding, chosen).write(room)
        chosen = msgspec.structs.replace(_SMALL, agreement=_compare(plain, small, photos[:_COMPARED_PHOTOS]))
        _manifest(small, decoding, chosen).write(small)
        small.rename(folder)


def _write_graphs(model: Model, trunk: nn.Module, best: int, folder: Path) -> None:
    folder.mkdir()
    names = context_names(model.shape.layers)
    graph = EncoderGraph(model, trunk)
    photos = torch.zeros(2, 3, encoder.SIDE, encoder.SIDE)
    export_encoder(graph, photos, folder / ENCODER, names)
    with torch.no_grad():
        context: Sequence[Tensor] = graph(photos[:1])
    export_decoder(TopStep(WordStep(model), best), context, folder / DECODER, names)


def _shrink(plain: Path, small: Path) -> None:
    """Int8 throughout the decoder. The encoder's convolutions lose too much by it: they are only stored as fp16."""
    small.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        step, optimised = Path(scratch, "step.onnx"), Path(scratch, "optimised.onnx")
        precision.quantize_int8(plain / DECODER, step)
        precision.quantize_embeddings(step, step)
        optimise(step, optimised)
        lay_out(optimised, small, DECODER)
        optimise(plain / ENCODER, optimised)
        precision.store_fp16(optimised, step)
        lay_out(step, small, ENCODER)


def _compare(plain: Path, small: Path, photos: Sequence[CaptionedPhoto]) -> Agreement:
    before, after = (captions_of(folder, photos) for folder in (plain, small))
    references = [photo.captions for photo in photos]
    same = sum(one == other for one, other in zip(before, after, strict=True)) / len(photos)
    size = sum(file.stat().st_size for file in small.iterdir()) / 1e6
    print(f"fp32 weights, {len(photos)} photos: {score(before, references)}")
    print(f"small weights ({size:.1f} MB): {score(after, references)}; {same:.0%} of the captions are the same")
    return Agreement(views=len(photos), identical=same)


def _decoding(shape: Shape, tokenizer: Tokenizer) -> Decoding:
    return Decoding(
        start_id=words.START,
        end_ids=(words.END,),
        pad_id=words.PAD,
        beams=3,
        max_length=shape.longest,
        length_penalty=1.4,
        no_repeat_ngram_size=3,
        said_once=said_once(tokenizer),
    )


def _manifest(folder: Path, decoding: Decoding, chosen: Precision) -> Manifest:
    return Manifest(
        source="python -m training train",
        versions={package: importlib.metadata.version(package) for package in _PACKAGES},
        files={file.name: digest(file) for file in sorted(folder.iterdir()) if file.name != MANIFEST},
        preprocessing=Preprocessing(
            size=Size(height=encoder.SIDE, width=encoder.SIDE),
            resize="stretch",
            # Trained on bicubic ones, it says as good things of bilinear ones, which take half as long to make.
            resampling="bilinear",
            mean=(encoder.MEAN,) * 3,
            deviation=(encoder.DEVIATION,) * 3,
        ),
        decoding=decoding,
        precision=chosen,
    )
