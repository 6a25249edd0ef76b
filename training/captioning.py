"""What a model folder says of photos, by the engine that ships."""

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from inference.captioner import Deadline
from inference.folder import ModelFolder
from inference.onnx_engine import OnnxCaptioner
from training.data import CaptionedPhoto

_PATIENCE_SECONDS = 60.0


def captions_of(folder: Path, photos: Sequence[CaptionedPhoto]) -> list[str]:
    """Caption each photo, with the search that the folder's manifest asks for. Raises ModelError."""
    captioner = OnnxCaptioner(ModelFolder.open(folder), threads=os.cpu_count() or 1, name=folder.name)
    said = []
    for photo in tqdm(photos, desc=f"captioning {len(photos)} photos", unit="photo"):
        with Image.open(photo.path) as image:
            said.append(captioner.caption(image.convert("RGB"), Deadline.after(_PATIENCE_SECONDS)).text)
    return said
