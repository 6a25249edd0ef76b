"""What the benchmarks serve: a random checkpoint of the production model's shape, exported once for all of a run."""

import atexit
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from inference.export.exporter import Report, export
from inference.hub import find
from inference.manifest import Precision
from tests.inference import checkpoints

TOKENS = 20
PHOTO = min((Path(__file__).parents[2] / "common" / "samples").glob("*.jpg"))


@dataclass(frozen=True)
class Production:
    """The checkpoint's folder, the exported one, and how `captionbot export` chose to store it."""

    checkpoint: Path
    exported: Path
    stored: Precision


@functools.cache
def production() -> Production:
    """Make both folders; they go when the process ends."""
    scratch = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, scratch)
    checkpoint = checkpoints.production(scratch / "checkpoint", TOKENS)
    exported = scratch / "exported"
    return Production(checkpoint, exported, export(find(str(checkpoint)), exported).precision)


def in_int8(checkpoint: Path, folder: Path) -> Report:
    """Export a random checkpoint as a trained one would be: its own captions hang on every rounding."""
    return export(find(str(checkpoint)), folder, "int8", photos=[PHOTO], least_views=1)
