"""How sure a model may be of a caption: a curve from its search's scores to how often such captions are right.

Right is a caption that names a thing which three of five people name of the same photo. The curve is a logistic one
over the mean log-probability of a caption's tokens (Platt, "Probabilistic Outputs for Support Vector Machines", 1999),
and is kept in the model folder's manifest. How well it holds is measured on photos that it was not fitted to, in ten
folds.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from inference.captioner import Deadline
from inference.folder import ModelFolder
from inference.manifest import Confidence, read_manifest
from inference.onnx_engine import OnnxCaptioner
from training.data import CaptionedPhoto
from training.errors import RecipeError
from training.things import things

_PATIENCE_SECONDS = 60.0
_AGREEING = 3  # people
_FOLDS = 10
_FEWEST = 50  # photos
_BOUNDS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """A fitted curve, and for each photo what a curve fitted to the others said, and whether the caption was right."""

    confidence: Confidence
    said: Floats
    right: Floats

    def table(self) -> str:
        """Write it as a reliability table in Markdown."""
        rows = ["| said | captions | of those right |", "|---|---:|---:|"]
        for low, high in pairwise(_BOUNDS):
            within = (self.said >= low) & ((self.said < high) | (high == 1.0))
            if within.any():
                share = f"{100 * self.right[within].mean():.0f} %"
                rows.append(f"| {low:.1f} to {high:.1f} | {within.sum()} | {share} |")
        sure = self.said >= 0.8
        if sure.any():
            rows.append(f"| 0.8 or more | {sure.sum()} | {100 * self.right[sure].mean():.0f} % |")
        return "\n".join(rows)


def calibrate(folder: Path, photos: Sequence[CaptionedPhoto]) -> Calibration:
    """Fit the curve to photos that the model has not seen, and write it into the folder's manifest.

    Raises ModelError, or RecipeError for too few photos on whose things people agree.
    """
    scores, right = _captions(folder, photos)
    if len(right) < _FEWEST or right.all() or not right.any():
        raise RecipeError(
            f"{len(right)} photos have things that {_AGREEING} people agree on, and {right.sum():.0f} of their "
            f"captions are right: a curve needs {_FEWEST} photos, and captions of both kinds. Name more photos."
        )
    order = np.random.default_rng(0).permutation(len(right))
    said = np.empty(len(right))
    for fold in range(_FOLDS):
        left_out = np.isin(np.arange(len(right)), order[fold::_FOLDS])
        curve = _fit(scores[~left_out], right[~left_out])
        said[left_out] = [curve.of(score) for score in scores[left_out]]
    found = _fit(scores, right)
    manifest = msgspec.structs.replace(read_manifest(folder), confidence=found)
    manifest.write(folder)
    return Calibration(found, said, right)


def _captions(folder: Path, photos: Sequence[CaptionedPhoto]) -> tuple[Floats, Floats]:
    """Each caption's mean log-probability, and 1 where it is right, of the photos on whose things people agree."""
    # A curve that changes nothing: the confidence is then the score itself, as the logistic function squeezes it.
    opened = ModelFolder.open(folder)
    plain = msgspec.structs.replace(opened.manifest, confidence=Confidence(bias=0.0, slope=1.0))
    captioner = OnnxCaptioner(ModelFolder(folder, plain), threads=os.cpu_count() or 1, name=folder.name)
    scores, right = [], []
    for photo in tqdm(photos, desc=f"captioning {len(photos)} photos", unit="photo"):
        mentions = Counter(thing for text in photo.captions for thing in things(text))
        agreed = {thing for thing, count in mentions.items() if count >= min(_AGREEING, len(photo.captions))}
        if not agreed:
            continue
        with Image.open(photo.path) as image:
            caption = captioner.caption(image.convert("RGB"), Deadline.after(_PATIENCE_SECONDS))
        if caption.confidence is None:
            raise AssertionError("a curve was given")
        scores.append(np.log(caption.confidence / (1 - caption.confidence)))
        right.append(float(bool(agreed & things(caption.text))))
    return np.array(scores), np.array(right)


def _fit(scores: Floats, right: Floats) -> Confidence:
    """Fit a logistic curve by Newton's method, held back a little so that it exists also for what is separable."""
    given = np.stack([np.ones_like(scores), scores], axis=1)
    weights = np.zeros(2)
    for _ in range(50):
        said = 1 / (1 + np.exp(-given @ weights))
        slope = given.T @ (said - right) + 1e-3 * weights
        curvature = (given.T * (said * (1 - said))) @ given + 1e-3 * np.eye(2)
        weights = weights - np.linalg.solve(curvature, slope)
    return Confidence(bias=round(float(weights[0]), 4), slope=round(float(weights[1]), 4))
