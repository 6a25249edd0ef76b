"""What a script writes between two marks of a page."""

import sys
from pathlib import Path


def rewrite(page: Path, begin: str, end: str, text: str) -> int:
    """Put a text between the marks, or with `--check` only tell whether it is there: 0 if so, else 1."""
    found = page.read_text(encoding="utf-8")
    before, rest = found.split(begin)
    wanted = f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"
    if "--check" in sys.argv[1:]:
        return int(found != wanted)
    page.write_text(wanted, encoding="utf-8")
    return 0
