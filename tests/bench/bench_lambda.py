"""The captioning function beside the first version's, each in a fresh process, with the same checkpoint.

`python -m tests.bench.bench_lambda` prints the table; `report` returns it. The checkpoint is a random one of the
production model's shape. Its end token is suppressed, so that both say 20 tokens, at 3 beams.
"""

import json
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import installed
from tests.bench.installed import python
from tests.bench.production import PHOTO, TOKENS, production

ROOT = Path(__file__).parents[2]
COLD_STARTS = 7
MVP, OURS = "tests.bench.mvp_handler.handler", "inference.handler.handler"
PACKAGES = {MVP: installed.MVP, OURS: ("photo-captionbot[inference,lambda]",)}
METRICS = {"POWERTOOLS_METRICS_NAMESPACE": "bench"}


def report(cold_starts: int = COLD_STARTS) -> str:
    """Measure; markdown. The two take turns, so that a busy moment of the machine hits both."""
    made = production()
    models = {MVP: {"BENCH_MODEL": str(made.checkpoint)}, OURS: {"CAPTION_MODEL": str(made.exported), **METRICS}}
    runs: dict[str, list[dict[str, float]]] = {MVP: [], OURS: []}
    for _ in range(cold_starts):
        for handler, model in models.items():
            runs[handler].append(process(handler, model))
    return "\n".join(
        [
            f"Fresh processes of each handler, {cold_starts} in turns, medians; production shape, {TOKENS} tokens, "
            "3 beams. The first version loads its model in the lifespan, which Mangum runs with every invocation.",
            "",
            "| | MVP | captionbot | ratio | goal |",
            "|---|--:|--:|--:|--:|",
            _row("init and first caption", "whole", runs, "ms", "≥ 8"),
            _row("of that, init", "init", runs, "ms"),
            _row("of that, first caption", "first", runs, "ms"),
            _row("second caption", "second", runs, "ms"),
            _row("most memory by the first caption", "memory", runs, "MB"),
        ]
    )


def process(handler: str, model: dict[str, str], beginning: Sequence[str] = ()) -> dict[str, float]:
    """Run a handler; `whole` is from the start of its process to the first caption, in milliseconds.

    `beginning` goes before the command line.
    """
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **model}
    command = [*beginning, python(PACKAGES[handler]), "-m", "tests.bench.handlers", handler, str(PHOTO)]
    started = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found | {"whole": 1e3 * (found["done"] - started)}


def _row(name: str, what: str, runs: dict[str, list[dict[str, float]]], unit: str, goal: str = "") -> str:
    theirs, own = (statistics.median(run[what] for run in runs[handler]) for handler in (MVP, OURS))
    return f"| {name} | {theirs:.0f} {unit} | {own:.0f} {unit} | {theirs / own:.1f} | {goal} |"


if __name__ == "__main__":
    print(report())
