"""Do two versions of a model say the same? Asked on views of sample photos, against the fp32 export."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inference.captioner import Deadline, ModelError
from inference.checkpoint import Checkpoint
from inference.onnx_engine import Decoder, Encoder, session
from inference.search import search

Pixels = NDArray[np.float32]
Captions = list[list[int]]

_FOREVER = 1e9
_TOLERANCE = 2e-3
"""The largest difference of an fp32 logit from torch's, as a share of the logits' spread."""


def views(photos: Sequence[Path], count: int) -> list[Image.Image]:
    """Make at least `count` views of the photos: as they are, mirrored, and cropped (each time alike)."""
    whole = [ImageOps.exif_transpose(Image.open(photo)).convert("RGB") for photo in photos]
    made = whole + [ImageOps.mirror(image) for image in whole]
    draw = np.random.default_rng(0)
    while len(made) < count:
        for image in whole:
            share = draw.uniform(0.4, 1)
            width, height = round(image.width * share), round(image.height * share)
            left, top = draw.integers(image.width - width + 1), draw.integers(image.height - height + 1)
            made.append(image.crop((left, top, left + width, top + height)))
    return made


def captions(
    checkpoint: Checkpoint, encoder: Path, decoder: Path, pixels: Sequence[Pixels], threads: int
) -> Iterator[list[int]]:
    """Caption each of `pixels` [1, 3, height, width] with two graphs, as they are asked for; tokens, not words."""
    eyes, mouth = Encoder(session(encoder, threads)), Decoder(session(decoder, threads))
    for photo in pixels:
        step = mouth.about(eyes.see(photo, checkpoint.prompt_ids))
        yield search(step, checkpoint.decoding, Deadline.after(_FOREVER))[0].tokens


def share(said: Iterable[list[int]], expected: Captions, least: float) -> float | None:
    """The share of captions that are the same, token for token; None as soon as it is sure to be less than `least`."""
    lost, most = 0, round((1 - least) * len(expected), 6)
    for one, other in zip(said, expected, strict=True):
        lost += one != other
        if lost > most:
            return None
    return 1 - lost / len(expected)


def require_same_logits(
    checkpoint: Checkpoint, encoder: Path, decoder: Path, pixels: Pixels, tokens: Sequence[int]
) -> None:
    """Compare the logits of every step of one caption with the checkpoint's own; raises ModelError if they differ."""
    with torch.inference_mode():
        prompt = torch.tensor([checkpoint.prompt_ids], dtype=torch.long)
        photo, said = torch.from_numpy(pixels), torch.tensor([list(tokens)])
        expected = checkpoint.family.logits(checkpoint.model, photo, prompt, said)[0].numpy()
    eyes, mouth = Encoder(session(encoder, 1)), session(decoder, 1)
    feeds = {name: value.numpy() for name, value in eyes.see(pixels, checkpoint.prompt_ids).items()}
    past = Decoder(mouth).no_past.numpy()
    first = np.zeros(1, np.int64)
    found = []
    for token in tokens:
        inputs = {"input_ids": np.array([[token]], np.int64), "parents": first, "past": past, **feeds}
        logits, past = mouth.run(["logits", "present"], inputs)
        found.append(logits[0])
    difference = float(np.abs(np.stack(found) - expected).max() / np.ptp(expected))
    if difference > _TOLERANCE:
        raise ModelError(
            f"The exported graphs do not compute what {checkpoint.source} does (logits differ by {difference:.1%}). "
            "Its architecture may have an option that the exporter does not know: use CAPTION_ENGINE=torch."
        )
