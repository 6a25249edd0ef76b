"""What `captionbot models` tells of each model: the milliseconds of a request, the memory of its process, its price.

`python -m tests.bench.bench_models` measures all, or those named, of which the others keep their figures; it writes
`inference/measured.json` and, with docs/models.py, the tables in docs/models.md and docs/aws.md. `report` returns the
first of them. The checkpoints are random ones of the true shapes, in int8 where they are exported.
"""

import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cli.doctor.trial import FUNCTION, SPARE
from docs.models import table
from inference.loading import STARTER
from inference.manifest import read_manifest
from inference.models import KNOWN, MEASURED, Figures, Function, Measured, measured
from tests.bench import bill
from tests.bench.bench_costs import MEMORIES
from tests.bench.bench_lambda import METRICS, OURS, process
from tests.bench.family import talking
from tests.bench.installed import INFERENCE
from tests.bench.noise import processor
from tests.bench.production import PHOTO, TOKENS, in_int8
from tests.bench.servers import ROOT, Way, serving
from tests.bench.share import share_of
from tests.inference import checkpoints, families, talkers

REQUESTS, UNCOUNTED = 20, 2
ENOUGH = 60.0  # seconds, after which a slow model is not asked again
WHAT = (
    f"the endpoint's answers to one client; {TOKENS} tokens at 3 beams, of the starter about 11, and of those on the "
    "torch engine 48 at one"
)

_SIGLIP = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "patch_size": 16, "image_size": 512,
}  # fmt: skip
_CLIP = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "patch_size": 14, "image_size": 224,
}  # fmt: skip
_SMOL = {"vocab_size": 49280, "head_dim": 64, "max_position_embeddings": 8192}
_SMOL_256M = _SMOL | {
    "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
    "num_key_value_heads": 3,
}  # fmt: skip
_SMOL_500M = _SMOL | {
    "hidden_size": 960, "intermediate_size": 2560, "num_hidden_layers": 32, "num_attention_heads": 15,
    "num_key_value_heads": 5,
}  # fmt: skip
_MAGNETO = {
    "vocab_size": 65037, "embed_dim": 2048, "layers": 24, "ffn_dim": 8192, "attention_heads": 32,
    "max_position_embeddings": 2048,
}  # fmt: skip
ENGINES = {known.name: known.engine for known in KNOWN}
SHAPES: dict[str, Callable[[Path], Path]] = {
    "cnmoro/mini-image-captioning": lambda folder: checkpoints.production(folder, TOKENS),
    "Mozilla/distilvit": functools.partial(families.vit_gpt2, shape="base", layers=6),
    "nlpconnect/vit-gpt2-image-captioning": functools.partial(families.vit_gpt2, shape="base"),
    "microsoft/git-base-coco": functools.partial(families.git, shape="base"),
    "Salesforce/blip-image-captioning-base": functools.partial(families.blip, shape="base"),
    "Salesforce/blip-image-captioning-large": functools.partial(families.blip, shape="large"),
    "florence-community/Florence-2-base": functools.partial(families.florence2, side=768, shape="base"),
    "florence-community/Florence-2-large": functools.partial(families.florence2, side=768, shape="large"),
    "HuggingFaceTB/SmolVLM-256M-Instruct": functools.partial(talkers.idefics3, text=_SMOL_256M, sight=_SIGLIP, scale=4),
    "HuggingFaceTB/SmolVLM-500M-Instruct": functools.partial(talkers.idefics3, text=_SMOL_500M, sight=_SIGLIP, scale=4),
    "microsoft/kosmos-2-patch14-224": functools.partial(talkers.kosmos2, text=_MAGNETO, sight=_CLIP),
}


def report(names: Sequence[str] = tuple(ENGINES)) -> str:
    """Measure the named models; markdown."""
    machine = f"{len(os.sched_getaffinity(0))} cores of {processor()}: {WHAT}"
    before = measured()
    found = dict(before.models) if before.machine == machine else {}
    for name in names:
        print(f"Measuring {name}", file=sys.stderr, flush=True)
        with _model(name) as model:
            found[name] = _figures(name, model)
        told = write(Measured(machine=machine, models=found))
    # BENCHMARKS.md is one floor above the page.
    return told.replace("](../", "](")


def write(told: Measured) -> str:
    """Write the file and the pages that tell of it; returns the table of models."""
    MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    subprocess.run([sys.executable, "-m", "docs.models"], cwd=ROOT, check=True)
    return table(told)


@contextmanager
def _model(name: str) -> Iterator[Path]:
    """What CAPTION_MODEL is to be for a model's shape."""
    if name == "starter":
        yield STARTER
        return
    scratch = Path(tempfile.mkdtemp())
    try:
        source, made = SHAPES[name](scratch / "checkpoint"), scratch / "exported"
        if ENGINES[name] == "torch":
            yield source
            return
        in_int8(source, made)
        talking(read_manifest(made), TOKENS).write(made)
        yield made
    finally:
        shutil.rmtree(scratch)


def _figures(name: str, model: Path) -> Figures:
    engine = ENGINES[name]
    settings = {"CAPTION_MODEL": str(model), "CAPTION_ENGINE": engine, "CAPTION_DEADLINE": "900"}
    packages = INFERENCE if engine == "onnx" else ("photo-captionbot[inference,torch]",)
    command = ["-c", "from cli.main import main; main()", "serve", "--port", "{port}"]
    with serving(Way(name, packages, command, settings), PHOTO.read_bytes(), sorted(os.sched_getaffinity(0))) as server:
        seconds: list[float] = []
        end = time.monotonic() + ENOUGH
        while len(seconds) < REQUESTS + UNCOUNTED and (time.monotonic() < end or len(seconds) <= UNCOUNTED):
            seconds.append(server.client.caption())
        megabytes = server.peak_megabytes()
    return Figures(
        milliseconds=round(1000 * statistics.median(seconds[UNCOUNTED:])),
        megabytes=round(megabytes),
        function=_on_lambda(settings, megabytes) if engine == "onnx" else None,
    )


def _on_lambda(settings: dict[str, str], megabytes: float) -> Function:
    """Caption with the smallest share of a processor that brings memory enough, from the usual one on."""
    sizes = [size for size in MEMORIES if size >= FUNCTION]
    memory = next((size for size in sizes if size >= SPARE * megabytes), sizes[-1])
    with share_of(memory) as beginning:
        taken = process(OURS, {**settings, **METRICS}, beginning)["second"]
    price = bill.dollars(bill.Function(memory, taken / 1000).amounts(10**6))
    return Function(memory=memory, milliseconds=round(taken), dollars=round(price, 2))


if __name__ == "__main__":
    print(report(sys.argv[1:] or tuple(ENGINES)))
