"""Every benchmark, written to BENCHMARKS.md: `make bench`, on a machine that does nothing else."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from tests.bench.chapters import TARGET, chapter_of

SOAK = "What can go wrong"  # written by `make soak`
CHAPTERS = {
    "Captions": "tests.bench.bench_captions",
    "Models that are known to work": "tests.bench.bench_models",
    "The captioning function": "tests.bench.bench_lambda",
    "What a month costs": "tests.bench.bench_costs",
    "The front door": "tests.bench.bench_front_door",
    "The inbox on one machine": "tests.bench.bench_inbox",
    "What is shipped": "tests.bench.bench_size",
    "The models that people choose": "tests.bench.bench_families",
}


def main() -> None:
    lines = ["# Benchmarks", "", _measured()]
    for number, (title, module) in enumerate(CHAPTERS.items(), 1):
        print(f"{number}/{len(CHAPTERS)} {title}: this takes a few minutes", file=sys.stderr, flush=True)
        chapter: str = import_module(module).report()
        lines += ["", f"## {title}", "", chapter]
    if soaked := chapter_of(TARGET, SOAK):
        lines += ["", f"## {SOAK}", "", soaked]
    text = "\n".join(lines) + "\n"
    TARGET.write_text(text, "utf-8")
    print(text)


def machine() -> str:
    """The cores and the processor."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{len(os.sched_getaffinity(0))} cores of {model}"


def _measured() -> str:
    """Where and with what this was measured."""
    tools = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "torch", "transformers"))
    return (
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}, "
        f"Python {platform.python_version()}, {tools}. What is compared is measured in the same run, taking turns, "
        "and a ratio is the median over the turns. Ratios are this processor's: on another one, torch and ONNX Runtime "
        "may be as fast, but seldom by the same factor."
    )


if __name__ == "__main__":
    main()
