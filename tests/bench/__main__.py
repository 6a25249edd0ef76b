"""Every benchmark of what is shipped, written to BENCHMARKS.md: `make bench`, on a machine that does nothing else.

`make bench CHAPTER=captions` measures one chapter; those of other models, which export checkpoints of their true sizes
for half an hour, are measured only so. Each is written as soon as it is measured, and the others stay as they are; one
that fails keeps its old figures, and the rest goes on.
"""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from tests.bench.chapters import TARGET, replace_chapter
from tests.bench.noise import Watch

CHAPTERS = {  # by the name of the module that measures it
    "captions": "Captions",
    "lambda": "The captioning function",
    "costs": "What a month costs",
    "front_door": "The front door",
    "inbox": "The inbox on one machine",
    "size": "What is shipped",
}
OTHER_MODELS = {
    "families": "The models that people choose",
    "models": "Models that are known to work",
}
TITLES = CHAPTERS | OTHER_MODELS


def main(wanted: Sequence[str]) -> None:
    """Measure the wanted chapters, or what is shipped. Exits with 1 if one failed."""
    names = [name.replace("-", "_") for name in wanted] or list(CHAPTERS)
    if unknown := set(names) - TITLES.keys():
        sys.exit(f"There is no chapter {', '.join(sorted(unknown))}: CHAPTER is one of {', '.join(TITLES)}.")
    failed = [name for number, name in enumerate(names, 1) if not _measured(name, f"{number}/{len(names)}")]
    if failed:
        again = "; ".join(f"make bench CHAPTER={name}" for name in failed)
        sys.exit(f"Not measured, for what is said above: {', '.join(failed)}. Once that is mended: {again}")


def _measured(name: str, place: str) -> bool:
    print(f"{place} {TITLES[name]}: this takes a few minutes", file=sys.stderr, flush=True)
    watch = Watch()
    try:
        text: str = import_module(f"tests.bench.bench_{name}").report()
    except Exception:  # noqa: BLE001 (whatever it is, the other chapters are measured)
        traceback.print_exc()
        return False
    text = f"{text}\n\n{watch.line()}"
    replace_chapter(TARGET, TITLES[name], text)
    print(f"## {TITLES[name]}\n\n{text}\n", flush=True)
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
