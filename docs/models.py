"""Write docs/models.md's table of models from `inference.models`: `python -m docs.models`."""

import sys
from pathlib import Path

from docs.marks import rewrite
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


if __name__ == "__main__":
    sys.exit(rewrite(PAGE, BEGIN, END, table(measured())))
