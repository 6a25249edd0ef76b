"""The kinds of models that people choose, in their true sizes, beside transformers itself: random checkpoints.

`python -m tests.bench.bench_families blip` prints the row of one; `report` measures all. Both ways say the same number
of tokens at 3 beams, for no end token is ever said, and take turns.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from inference.settings import cores
from tests.bench.production import PHOTO, TOKENS, in_int8
from tests.bench.servers import ROOT
from tests.inference import families

TURNS, UNCOUNTED, COLD_STARTS = 7, 1, 3
MODELS: dict[str, tuple[str, str, Callable[[Path], Path]]] = {
    "blip": ("BLIP base, 384 px", "≥ 2.5", lambda folder: families.blip(folder, shape="base")),
    "git": ("GIT base, 224 px", "", lambda folder: families.git(folder, shape="base")),
    "vit_gpt2": ("ViT-GPT2, 224 px", "", lambda folder: families.vit_gpt2(folder, shape="base")),
    "florence2": ("Florence-2 base, 768 px", "≥ 2", lambda folder: families.florence2(folder, side=768, shape="base")),
    "florence2_small": ("the same, 384 px", "", lambda folder: families.florence2(folder, side=384, shape="base")),
}


class Way:
    """A process that captions the photo once for each line that it is sent; see `tests.bench.family`."""

    def __init__(self, engine: str, model: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.bench.family",
            engine,
            str(model),
            str(PHOTO),
            str(cores()),
            str(TOKENS),
        ]
        started = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.caption()
        self.cold_seconds = time.perf_counter() - started

    def caption(self) -> dict[str, float]:
        """Milliseconds of one caption, and megabytes of the most memory until then."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        told: dict[str, float] = json.loads(self._process.stdout.readline())
        return told

    def end(self) -> None:
        """Stop."""
        self._process.communicate()


def report(names: Sequence[str] = tuple(MODELS)) -> str:
    """Measure the named models; markdown."""
    lines = [
        f"Random checkpoints of the true sizes, {TOKENS} tokens, 3 beams, {cores()} cores: transformers' `generate` "
        "and the onnx engine, in turns. Memory is the most of a process; a start is one until its first caption.",
        "",
        "| | transformers | captionbot | ratio | goal | encoder | memory | first caption | folder | stored |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    return "\n".join([*lines, *map(_row, names)])


def _row(name: str) -> str:
    title, goal, build = MODELS[name]
    with tempfile.TemporaryDirectory() as scratch:
        source, exported = build(Path(scratch) / "source"), Path(scratch) / "exported"
        print(f"Exporting {title}", file=sys.stderr, flush=True)
        made = in_int8(source, exported)
        ways = [Way("torch", source), Way("onnx", exported)]
        rounds = [[way.caption() for way in ways] for _ in range(TURNS + UNCOUNTED)][UNCOUNTED:]
        for way in ways:
            way.end()
        colds = []
        for _ in range(COLD_STARTS):
            fresh = Way("onnx", exported)
            colds.append(fresh.cold_seconds)
            fresh.end()
    theirs, ours = ([pair[index]["whole"] for pair in rounds] for index in (0, 1))
    ratio = statistics.median(one / other for one, other in zip(theirs, ours, strict=True))
    cells = [
        title,
        f"{statistics.median(theirs):.0f} ms",
        f"{statistics.median(ours):.0f} ms",
        f"{ratio:.1f}",
        goal,
        f"{statistics.median(pair[1]['encoder'] for pair in rounds):.0f} ms",
        f"{rounds[-1][1]['megabytes']:.0f} MB",
        f"{statistics.median(colds):.1f} s",
        f"{sum(made.sizes.values()) / 1e6:.0f} MB",
        f"{made.precision.encoder}, {made.precision.decoder}, {made.precision.embeddings}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(report(sys.argv[1:] or tuple(MODELS)))
