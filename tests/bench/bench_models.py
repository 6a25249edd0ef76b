"""What `captionbot models` tells of each model: the milliseconds of a request and the memory of its process.

`python -m tests.bench.bench_models` writes `inference/measured.json` and, with docs/models.py, the table in
docs/models.md; `report` returns that table. The checkpoints are random ones of the true shapes in int8, which say 20
tokens at 3 beams; the starter is itself.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from docs.models import table
from inference.folder import read_manifest
from inference.loading import STARTER
from inference.models import MEASURED, Figures, Measured
from tests.bench.family import talking
from tests.bench.installed import INFERENCE
from tests.bench.noise import processor
from tests.bench.production import PHOTO, TOKENS, in_int8
from tests.bench.servers import ROOT, Way, serving
from tests.inference import checkpoints, families

REQUESTS, UNCOUNTED = 20, 3
WHAT = f"the endpoint's answers to one client, {TOKENS} tokens at 3 beams, of the starter about 11"
SHAPES: dict[str, Callable[[Path], Path]] = {
    "cnmoro/mini-image-captioning": lambda folder: checkpoints.production(folder, TOKENS),
    "Mozilla/distilvit": lambda folder: families.vit_gpt2(folder, large=True, layers=6),
    "nlpconnect/vit-gpt2-image-captioning": lambda folder: families.vit_gpt2(folder, large=True),
    "microsoft/git-base-coco": lambda folder: families.git(folder, large=True),
    "Salesforce/blip-image-captioning-base": lambda folder: families.blip(folder, large=True),
    "florence-community/Florence-2-base": lambda folder: families.florence2(folder, side=768, large=True),
}


def report() -> str:
    """Measure every model whose shape is known; markdown."""
    found = {"starter": _figures("starter", STARTER)}
    for name, shape in SHAPES.items():
        scratch = Path(tempfile.mkdtemp())
        try:
            made = scratch / "exported"
            in_int8(shape(scratch / "checkpoint"), made)
            talking(read_manifest(made), TOKENS).write(made)
            found[name] = _figures(name, made)
        finally:
            shutil.rmtree(scratch)
    told = write(Measured(machine=f"{len(os.sched_getaffinity(0))} cores of {processor()}: {WHAT}", models=found))
    # BENCHMARKS.md is one floor above the page.
    return told.replace("](../", "](")


def write(measured: Measured) -> str:
    """Write the file and the page that tells of it; returns the page's table."""
    MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n")
    subprocess.run([sys.executable, "-m", "docs.models"], cwd=ROOT, check=True)
    return table(measured)


def _figures(name: str, model: Path) -> Figures:
    command = ["-c", "from cli.main import main; main()", "serve", "--port", "{port}"]
    way = Way(name, INFERENCE, command, {"CAPTION_MODEL": str(model)})
    with serving(way, PHOTO.read_bytes(), sorted(os.sched_getaffinity(0))) as server:
        seconds = [server.client.caption() for _ in range(REQUESTS + UNCOUNTED)][UNCOUNTED:]
        return Figures(milliseconds=round(1000 * statistics.median(seconds)), megabytes=round(server.peak_megabytes()))


if __name__ == "__main__":
    print(report())
