"""Photos and their captions."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.errors import RecipeError


@dataclass(frozen=True)
class CaptionedPhoto:
    """A photo and what people said of it, in their own spelling."""

    path: Path
    captions: tuple[str, ...]


@dataclass(frozen=True)
class CaptionedPhotos:
    """The two splits: photos to learn from, and photos to measure with."""

    train: tuple[CaptionedPhoto, ...]
    val: tuple[CaptionedPhoto, ...]


def load(photos: Path, captions: Path) -> CaptionedPhotos:
    """Read `{"train": {file: [captions]}, "val": {...}}` and find each file in the folder of photos.

    Raises RecipeError when the file is not of that form, or when a photo that it names is missing.
    """
    try:
        named = json.loads(captions.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise RecipeError(f"{captions} cannot be read as JSON: {problem}") from problem
    splits = {split: _split(named, split, captions) for split in ("train", "val")}
    wanted = {file for split in splits.values() for file in split}
    if not photos.is_dir():
        raise RecipeError(f"{photos} is not a folder of photos.")
    found = {path.name for path in photos.iterdir() if path.is_file()}
    missing = sorted(wanted - found)
    if missing:
        raise RecipeError(
            f"{photos} does not match {captions}: {len(found)} files found, and {len(missing)} of the {len(wanted)} "
            f"photos that the captions name are missing, such as {missing[0]}."
        )
    return CaptionedPhotos(
        *(
            tuple(CaptionedPhoto(photos / file, tuple(texts)) for file, texts in splits[split].items())
            for split in ("train", "val")
        )
    )


def _split(named: object, split: str, captions: Path) -> Mapping[str, Sequence[str]]:
    files = named.get(split) if isinstance(named, dict) else None
    if not isinstance(files, dict) or not files:
        raise RecipeError(
            f'{captions} has no photos under "{split}": it must hold {{"train": {{file: [captions]}}, "val": …}}.'
        )
    for file, texts in files.items():
        if (
            not isinstance(texts, list)
            or not texts
            or not all(isinstance(text, str) and text.strip() for text in texts)
        ):
            raise RecipeError(f'{captions} gives no list of captions for {file} (under "{split}").')
    return files


def spoken(caption: str) -> str:
    """The caption as the model learns to say it: lower case, no quotes, no mark at its end."""
    text = re.sub(r"\s+", " ", caption.lower().replace('"', " ").replace(" , ", " ")).strip()
    return re.sub(r"[ .!?;:]+$", "", text)


KINDS = "kinds"
"""Beside the splits in a file of captions of pictures, {file: [words]}: a caption of the right kind says one."""


def kinds(captions: Path) -> Mapping[str, Sequence[str]]:
    """The words that tell the kind of each picture; of photos there are none."""
    found: Mapping[str, Sequence[str]] = json.loads(captions.read_text("utf-8")).get(KINDS, {})
    return found


def together(one: CaptionedPhotos, other: CaptionedPhotos) -> CaptionedPhotos:
    """Both collections as one, to learn from; the photos to measure with stay those of the first."""
    return CaptionedPhotos(one.train + other.train, one.val)


def pixels(path: Path, side: int) -> npt.NDArray[np.uint8]:
    """The photo stretched to a square, [side, side, 3]."""
    with Image.open(path) as photo:
        return np.asarray(photo.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))
