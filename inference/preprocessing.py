"""A photo becomes the encoder's input, as transformers' Pillow image processors make it."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.manifest import Preprocessing, Size

Floats = NDArray[np.float32]


def pixel_values(image: Image.Image, rules: Preprocessing) -> Floats:
    """Turn an upright RGB image into `pixel_values` [1, 3, height, width], normalised."""
    resized = image.resize(_target(image, rules), Image.Resampling[rules.resampling.upper()])
    if rules.crop is not None:
        resized = _centre(resized, rules.crop)
    scale, shift = _normalisation(rules)
    channels = np.asarray(resized).transpose(2, 0, 1)
    values = np.empty((1, *channels.shape), np.float32)
    np.multiply(channels, scale, out=values[0])
    values += shift
    return values


@cache
def _normalisation(rules: Preprocessing) -> tuple[Floats, Floats]:
    """(pixel / 255 - mean) / deviation as one multiplication and one addition, for [3, height, width]."""
    deviation = np.array(rules.deviation)
    scale, shift = 1 / (255 * deviation), -np.array(rules.mean) / deviation
    return scale.astype(np.float32)[:, None, None], shift.astype(np.float32)[:, None, None]


def _target(image: Image.Image, rules: Preprocessing) -> tuple[int, int]:
    """(width, height) after resizing."""
    if rules.resize == "stretch":
        return rules.size.width, rules.size.height
    edge = rules.size.height
    short, long = sorted(image.size)
    longer = edge * long // short
    return (edge, longer) if image.width <= image.height else (longer, edge)


def _centre(image: Image.Image, crop: Size) -> Image.Image:
    left = (image.width - crop.width) // 2
    top = (image.height - crop.height) // 2
    return image.crop((left, top, left + crop.width, top + crop.height))
