"""Write the tables of models, in docs/models.md and docs/aws.md, from `inference.models`: `python -m docs.models`."""

import sys
from pathlib import Path

from docs.marks import rewrite
from inference.models import HEADINGS, KNOWN, Measured, measured, rows

PAGE, AWS = (Path(__file__).with_name(name) for name in ("models.md", "aws.md"))
BEGIN, END = "<!-- models: written by docs/models.py -->", "<!-- end of models -->"
CARD = "../inference/starter/README.md"


def table(found: Measured) -> str:
    """Write the models as a table, and below it where their figures come from."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---|---|--:|--:|---|--:|--:|---|"]
    for name, *cells in rows(found):
        address = CARD if name == "starter" else f"https://huggingface.co/{name}"
        lines.append(f"| [{name}]({address}) | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Measured on {found.machine}."])


def prices(found: Measured) -> str:
    """Write what each model's captions cost on AWS as a table."""
    figures = {known.name: found.models.get(known.name) for known in KNOWN}
    lines = [
        f"| {name} | {function.memory:,} | {function.milliseconds:,.0f} ms | {function.dollars:.2f} |"
        for name, each in figures.items()
        if each and (function := each.function)
    ]
    return "\n".join(["| model | `CaptionerMemory` | a caption | dollars for a million |", "|---|--:|--:|--:|", *lines])


if __name__ == "__main__":
    found = measured()
    sys.exit(rewrite(PAGE, BEGIN, END, table(found)) or rewrite(AWS, BEGIN, END, prices(found)))
