"""BENCHMARKS.md, of which `make bench` and `make soak` write chapters."""

import re
from pathlib import Path

TARGET = Path(__file__).parents[2] / "BENCHMARKS.md"


def replace_chapter(target: Path, title: str, text: str) -> None:
    """Write a chapter in its old place, or at the end; the others stay as they are."""
    whole = target.read_text("utf-8")
    chapter = f"## {title}\n\n{text.rstrip()}\n"
    found = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", whole, re.MULTILINE | re.DOTALL)
    if found is None:
        target.write_text(f"{whole.rstrip()}\n\n{chapter}", "utf-8")
    else:
        rest = whole[found.end() :]
        target.write_text(f"{whole[: found.start()]}{chapter}{rest and chr(10)}{rest}", "utf-8")
