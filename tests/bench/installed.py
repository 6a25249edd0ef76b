"""What a set of packages takes on disk, installed with all that it needs; and a Python that has no others."""

import atexit
import functools
import re
import shutil
import tempfile
import venv
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

INFERENCE = ("photo-captionbot[inference]",)
MVP = ("fastapi", "mangum", "pillow", "python-multipart", "torch", "transformers", "uvicorn")


def megabytes(roots: Iterable[str]) -> float:
    """Sum the installed files of packages and of everything that they require here."""
    return sum(_size(name) for name in _closure(roots)) / 1e6


@functools.cache
def python(roots: tuple[str, ...]) -> str:
    """Make a virtual environment of these packages and what they require, as links to those here; its interpreter.

    What is served runs in it, as it would where nothing else is installed: some packages look for others as they start.
    """
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    venv.create(folder, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    for name in _closure(roots):
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    return str(folder / "bin" / "python")


def of_folder(folder: Path) -> float:
    """Megabytes of a folder's files."""
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def _closure(roots: Iterable[str]) -> set[str]:
    found: set[tuple[str, str]] = set()
    waiting = [(requirement, extra) for root in roots for requirement, extra in _wanted(Requirement(root))]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for text in distribution(name).requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += _wanted(requirement)
    return {name for name, _ in found} - {"captionbot"}


def _wanted(requirement: Requirement) -> list[tuple[str, str]]:
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    return [(name, extra) for extra in ("", *requirement.extras)]


def _size(name: str) -> int:
    files = distribution(name).files or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())
