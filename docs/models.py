"""Write docs/models.md's table of models from `inference.models`: `python docs/models.py`."""

import sys
from pathlib import Path

from inference.models import HEADINGS, Measured, measured, rows

PAGE = Path(__file__).with_name("models.md")
BEGIN, END = "<!-- models: written by docs/models.py -->", "<!-- end of models -->"
CARD = "../inference/starter/README.md"


def table(found: Measured) -> str:
    """Write the models as a table, and below it where their figures come from."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|---|--:|--:|---|--:|--:|---|"]
    for name, *cells in rows(found):
        address = CARD if name == "starter" else f"https://huggingface.co/{name}"
        lines.append(f"| [{name}]({address}) | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Measured on {found.machine}."])


def rewritten(page: str) -> str:
    """Put the table between the marks of a page."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table(measured())}\n\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Rewrite the page, or with `--check` only tell whether it is what it should be."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = rewritten(text)
    if "--check" in sys.argv[1:]:
        return int(text != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
