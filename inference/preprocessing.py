"""A photo becomes the encoder's input, as transformers' Pillow image processors make it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.folder import Preprocessing, Size


def pixel_values(image: Image.Image, rules: Preprocessing) -> NDArray[np.float32]:
    """Turn an upright RGB image into `pixel_values` [1, 3, height, width], normalised."""
    resized = image.resize(_target(image, rules), Image.Resampling[rules.resampling.upper()])
    if rules.crop is not None:
        resized = _centre(resized, rules.crop)
    # (pixel / 255 - mean) / deviation as one multiplication and one addition.
    deviation = np.array(rules.deviation)
    scale = (1 / (255 * deviation)).astype(np.float32)[:, None, None]
    shift = (-np.array(rules.mean) / deviation).astype(np.float32)[:, None, None]
    channels = np.asarray(resized).transpose(2, 0, 1)
    values = np.empty((1, *channels.shape), np.float32)
    np.multiply(channels, scale, out=values[0])
    values += shift
    return values


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
