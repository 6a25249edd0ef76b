"""The trunk's maps of every photo, computed once and kept on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from inference.export.graphs import export_encoder
from inference.onnx_engine import session
from training import data, encoder

Maps = npt.NDArray[np.float16]
"""[photos, channels, side, side]."""

_BATCH = 16


def trunk_maps(trunk: nn.Module, photos: Sequence[data.CaptionedPhoto], path: Path) -> Maps:
    """Compute the maps, or open those that an earlier run finished."""
    if not path.exists():
        # ONNX Runtime takes half the time that torch does.
        graph = path.with_suffix(".onnx")
        export_encoder(trunk, torch.zeros(2, 3, encoder.SIDE, encoder.SIDE), graph, ["maps"])
        run = session(graph, torch.get_num_threads()).run
        side = encoder.SIDE // encoder.STRIDE
        part = path.with_suffix(".part")
        maps = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]  # (numpy's)
            part, "w+", dtype=np.float16, shape=(len(photos), encoder.TRUNK_CHANNELS, side, side)
        )
        for start in tqdm(range(0, len(photos), _BATCH), desc=f"looking at {len(photos)} photos", unit="batch"):
            batch = photos[start : start + _BATCH]
            pixels = np.stack([data.pixels(photo.path, encoder.SIDE) for photo in batch])
            images = encoder.normalised(torch.from_numpy(pixels)).contiguous()
            [maps[start : start + len(batch)]] = run(["maps"], {"pixel_values": images.numpy()})
        maps.flush()
        part.rename(path)
        graph.unlink()
    opened: Maps = np.load(path, mmap_mode="r")
    return opened


def gather(maps: Maps, photos: Sequence[int]) -> Tensor:
    """The maps of those photos, float32 [photos, channels, side, side]."""
    return torch.from_numpy(maps[list(photos)]).float().contiguous(memory_format=torch.channels_last)


def mirrored(maps: Tensor) -> Tensor:
    """The maps of the mirrored photos, nearly: those of a convolutional trunk mirror with the photo."""
    return maps.flip(3)
