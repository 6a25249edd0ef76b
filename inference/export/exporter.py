"""`captionbot export`: from a checkpoint to a model folder, in the smallest precision that keeps its captions."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from common import samples
from inference import checkpoint as checkpoints
from inference.captioner import ModelError
from inference.checkpoint import Checkpoint
from inference.export import agreement, precision
from inference.export.agreement import Pixels
from inference.export.decoders import TopStep
from inference.export.graphs import context_names, export_decoder, export_encoder, optimise
from inference.export.room import put, require_free, writing
from inference.export.rows import quantize_rows, rounding_errors
from inference.export.smoothing import smooth
from inference.export.weights import lay_out
from inference.folder import digest
from inference.hub import Found
from inference.manifest import DECODER, ENCODER, TOKENIZER, Agreement, Manifest, Precision
from inference.preprocessing import pixel_values
from inference.search import width
from inference.settings import cores

Progress = Callable[[str], None]
Wanted = Literal["auto", "int8", "fp32"]
"""The smallest precision that keeps captions, the smallest whatever it keeps, or that of the checkpoint."""

VIEWS = 100
KEPT = 0.87
"""The share of captions on the views that a smaller precision must leave as they are.

The crops are harder than whole photos: of a trained model that kept 87 % of the views' captions, 89 % stayed on photos.
"""

_PROBED = 3  # photos on which rounding errors are measured

_TOOLS = ("torch", "transformers", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Report:
    """What was exported."""

    folder: Path
    sizes: dict[str, int]  # bytes of each file
    precision: Precision

    def __str__(self) -> str:
        megabytes = {name: size / 1e6 for name, size in self.sizes.items()}
        parts = ", ".join(
            f"{part} {sum(size for name, size in megabytes.items() if name.startswith(part)):.1f} MB"
            for part in ("encoder", "decoder")
        )
        stored = self.precision
        chosen = f"encoder {stored.encoder}, decoder {stored.decoder}, embeddings {stored.embeddings}"
        line = f"{self.folder}: {sum(megabytes.values()):.1f} MB ({parts}); {chosen}"
        if (kept := stored.agreement) is None:
            return line
        return f"{line}; {kept.identical:.0%} of the captions of {kept.views} views of sample photos are the original's"


@dataclass(frozen=True)
class _Candidate:
    """Graphs in one precision; `embeddings` is empty for an encoder."""

    file: Path
    products: str
    embeddings: str = ""


def export(
    found: Found,
    folder: Path,
    precision: Wanted = "auto",
    progress: Progress = lambda _: None,
    photos: Sequence[Path] | None = None,
    least_views: int = VIEWS,
) -> Report:
    """Export a checkpoint into a model folder.

    The folder appears when it is complete; a model folder that is there already is replaced then.
    `photos` are what the precisions are compared on, by default the sample photos, in `least_views` views or more.
    Raises ModelError, which says what is not supported.
    """
    require_free(folder)
    photos = photos or sorted(samples.FOLDER.glob("*.jpg"))
    if not photos:
        raise ModelError(f"There are no photos to try the export on: {samples.FOLDER} is empty.")
    progress(f"Loading {found.name}")
    loaded = checkpoints.load(found)
    _require_supported(loaded)
    with (
        writing(folder),
        tempfile.TemporaryDirectory(dir=_made(folder.parent), prefix=f".{folder.name}-") as scratch,
        writing(folder),  # before the scratch is gone: then the disk is still full
    ):
        work, made = Path(scratch), Path(scratch) / "made"
        made.mkdir()
        progress("Writing the encoder and the decoder as ONNX graphs")
        views = agreement.views(photos, least_views)[: 1 if precision == "fp32" else None]
        pixels = [pixel_values(view, loaded.preprocessing) for view in views]
        _write_graphs(loaded, work)
        encoder, decoder, stored = _choose(loaded, work, precision, pixels, progress)
        lay_out(encoder, made, ENCODER)
        lay_out(decoder, made, DECODER)
        loaded.tokenizer.backend_tokenizer.save(str(made / TOKENIZER), pretty=False)
        sizes = {file.name: file.stat().st_size for file in sorted(made.iterdir())}
        Manifest(
            source=found.name,
            revision=loaded.revision,
            versions={tool: version(tool) for tool in _TOOLS},
            files={name: digest(made / name) for name in sizes},
            preprocessing=loaded.preprocessing,
            decoding=loaded.decoding,
            prompt_ids=loaded.prompt_ids,
            detailed=loaded.detailed,
            takes_prompt=loaded.family.TAKES_PROMPT,
            places=loaded.places,
            precision=stored,
        ).write(made)
        put(made, folder)
    return Report(folder, sizes, stored)


def _require_supported(loaded: Checkpoint) -> None:
    if refusal := loaded.family.refusal(loaded.model, loaded.preprocessing.input):
        raise ModelError(f"{loaded.source} {refusal}")


def _write_graphs(loaded: Checkpoint, work: Path) -> None:
    """Write `raw-encoder.onnx` and `raw-decoder.onnx`, fp32."""
    size, network = loaded.preprocessing.input, loaded.model
    encoder, step = loaded.family.encoder(network, size).eval(), loaded.family.decoder(network, loaded.places)
    decoder = TopStep(step, width(loaded.longest)).eval()
    photo = torch.zeros(1, 3, size.height, size.width)
    prompt = torch.tensor([loaded.prompt_ids]) if loaded.prompt_ids else None
    with torch.no_grad():
        context = encoder(photo) if prompt is None else encoder(photo, prompt)
    names = context_names(step.layers)
    export_encoder(encoder, photo, work / "raw-encoder.onnx", names, prompt)
    export_decoder(decoder, context, work / "raw-decoder.onnx", names, prompted=prompt is not None)


def _choose(
    loaded: Checkpoint, work: Path, wanted: Wanted, pixels: Sequence[Pixels], progress: Progress
) -> tuple[Path, Path, Precision]:
    """Pick the smallest pair of graphs that is wanted. Returns encoder, decoder and how they are stored."""
    for part in ("encoder", "decoder"):
        optimise(work / f"raw-{part}.onnx", work / f"fp32-{part}.onnx")
    encoder, decoder = work / "fp32-encoder.onnx", work / "fp32-decoder.onnx"

    said = agreement.captions(loaded, encoder, decoder, pixels, cores())
    expected = [next(said)]
    agreement.require_same_logits(loaded, encoder, decoder, pixels[0], expected[0][:-1])
    if wanted != "fp32":
        least = KEPT if wanted == "auto" else 0.0
        progress(f"Captioning {len(pixels)} views of sample photos in fp32")
        expected += said
        for eyes, mouth in _pairs(_encoders(loaded, work, pixels), _decoders(work)):
            said = agreement.captions(loaded, eyes.file, mouth.file, pixels, cores())
            kept = agreement.share(said, expected, least)
            names = f"encoder {eyes.products}, decoder {mouth.products}, embeddings {mouth.embeddings}"
            share = f"less than {least:.0%}" if kept is None else f"{kept:.0%}"
            progress(f"{names}: {share} of the captions stay the same")
            if kept is not None:
                stored = Precision(
                    encoder=eyes.products,
                    decoder=mouth.products,
                    embeddings=mouth.embeddings,
                    agreement=Agreement(views=len(pixels), identical=kept),
                )
                return eyes.file, mouth.file, stored
    figures = None if wanted == "fp32" else Agreement(views=len(pixels), identical=1.0)
    return encoder, decoder, Precision(encoder="fp32", decoder="fp32", embeddings="fp32", agreement=figures)


def _pairs(encoders: Iterator[_Candidate], decoders: Iterator[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Pair the candidates, the smallest first: most models need no other, which are made when they are asked for."""
    smallest = next(encoders), next(decoders)
    yield smallest
    others = product([smallest[0], *encoders], [smallest[1], *decoders])
    yield from sorted(others, key=lambda pair: pair[0].file.stat().st_size + pair[1].file.stat().st_size)[1:]


def _encoders(loaded: Checkpoint, work: Path, pixels: Sequence[Pixels]) -> Iterator[_Candidate]:
    """`mixed` is int8 but for the eighth of the products that rounding moves the most.

    What a LayerNorm gives is smooth enough for one scale, with which quantizing is a part of the product.
    """
    raw, smoothed, partly, rounded = (work / f"{name}.onnx" for name in ("raw-encoder", "smooth", "partly", "rounded"))
    prompt = {"prompt_ids": np.array([loaded.prompt_ids], np.int64)} if loaded.prompt_ids else {}
    feeds = [prompt | {"pixel_values": photo} for photo in pixels[:_PROBED]]
    smooth_ones = smooth(raw, smoothed, feeds)
    errors = rounding_errors(smoothed, feeds)
    worst = sorted(errors, key=errors.__getitem__)[-(-len(errors) * 7 // 8) :]
    for products, keep in (("int8", []), ("mixed", worst)):
        precision.quantize_int8(smoothed, partly, keep={*keep, *(errors.keys() - smooth_ones)})
        quantize_rows(partly, rounded, keep)
        yield _candidate(rounded, work / f"encoder-{products}.onnx", products)
    yield _candidate(raw, work / "encoder-fp16.onnx", "fp16")


def _decoders(work: Path) -> Iterator[_Candidate]:
    """`mixed` is int8 but for the last product, which chooses among the words."""
    raw, rounded, looked_up = work / "raw-decoder.onnx", work / "rounded-decoder.onnx", work / "looked-up.onnx"
    last = precision.products(raw)[-1:]
    precision.quantize_int8(raw, rounded)
    precision.quantize_embeddings(rounded, looked_up)
    yield _candidate(looked_up, work / "decoder-int8-int8.onnx", "int8", "int8")
    yield _candidate(rounded, work / "decoder-int8-fp16.onnx", "int8", "fp16")
    precision.quantize_int8(raw, rounded, keep=last)
    yield _candidate(rounded, work / "decoder-mixed-fp16.onnx", "mixed", "fp16")
    yield _candidate(raw, work / "decoder-fp16.onnx", "fp16", "fp16")


def _candidate(source: Path, file: Path, products: str, embeddings: str = "") -> _Candidate:
    """Optimise a graph for ONNX Runtime; what is fp32 still is stored as fp16."""
    fused = source.with_name("fused.onnx")
    optimise(source, fused)
    precision.store_fp16(fused, file)
    return _Candidate(file, products, embeddings)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
