"""The trunk's maps of every photo, computed once and kept on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from training import data, encoder

Maps = npt.NDArray[np.float16]
"""[views, photos, channels, side, side]; the views are the photo as it is and its mirror image."""

_BATCH = 16


def trunk_maps(trunk: nn.Module, photos: Sequence[data.CaptionedPhoto], path: Path) -> Maps:
    """Compute the maps, or open those that an earlier run finished."""
    if not path.exists():
        side = encoder.SIDE // encoder.TRUNK_STRIDE
        part = path.with_suffix(".part")
        maps = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]  # (numpy's)
            part, "w+", dtype=np.float16, shape=(2, len(photos), encoder.TRUNK_CHANNELS, side, side)
        )
        for start in tqdm(range(0, len(photos), _BATCH), desc=f"looking at {len(photos)} photos", unit="batch"):
            batch = photos[start : start + _BATCH]
            images = torch.from_numpy(np.stack([data.pixels(photo.path, encoder.SIDE) for photo in batch]))
            for view, seen in enumerate((images, images.flip(2))):
                with torch.inference_mode():
                    maps[view, start : start + len(batch)] = trunk(encoder.normalised(seen)).numpy()
        maps.flush()
        part.rename(path)
    opened: Maps = np.load(path, mmap_mode="r")
    return opened


def gather(maps: Maps, views: Sequence[int], photos: Sequence[int]) -> Tensor:
    """The maps of those views of those photos, float32 [photos, channels, side, side]."""
    chosen = np.stack([maps[view, photo] for view, photo in zip(views, photos, strict=True)])
    return torch.from_numpy(chosen).float().contiguous(memory_format=torch.channels_last)
