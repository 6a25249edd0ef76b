"""The report, for a person and for a program, with every secret blotted out."""

import json
import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import groupby

import click

from cli.doctor.finding import Finding, Status
from common.settings import Secret

COLOURS = {Status.OK: "green", Status.NOTE: "yellow", Status.WRONG: "red", Status.ABSENT: None}
MARK, NAME = 7, 16  # columns

Findings = list[tuple[str, Finding]]


def without_secrets(findings: Findings, secrets: Iterable[Secret]) -> Findings:
    """Blot out secrets, wherever they turn up in a finding."""
    values = sorted({secret.reveal() for secret in secrets}, key=len, reverse=True)

    def blot(text: str) -> str:
        for value in values:
            text = text.replace(value, "***")
        return text

    return [(area, replace(found, text=blot(found.text), remedy=blot(found.remedy))) for area, found in findings]


def as_json(findings: Findings) -> str:
    """Write `{"ok": …, "findings": [{"area", "status", "subject", "text", "remedy"}, …]}`."""
    rows = [{"area": area, **asdict(finding)} for area, finding in findings]
    return json.dumps({"ok": is_well(findings), "findings": rows}, ensure_ascii=False, indent=2)


def as_text(findings: Findings) -> str:
    """Write the findings under their areas, as wide as the terminal, and a last line that sums up."""
    blocks = []
    for area, group in groupby(findings, key=lambda pair: pair[0]):
        blocks += [click.style(area, bold=True), *(_lines(finding) for _, finding in group)]
    count = sum(finding.status is Status.WRONG for _, finding in findings)
    things = "one thing is" if count == 1 else f"{count} things are"
    last = f"{things.capitalize()} wrong; the arrows say what to do." if count else "All is well."
    return "\n".join([*blocks, "", last])


def is_well(findings: Findings) -> bool:
    """Whether nothing is wrong."""
    return all(finding.status is not Status.WRONG for _, finding in findings)


def _lines(finding: Finding) -> str:
    mark = "-" if finding.status is Status.ABSENT else finding.status.value
    head = "  " + click.style(mark.ljust(MARK), fg=COLOURS[finding.status]) + finding.subject.ljust(NAME)
    indent = " " * (2 + MARK + NAME)
    width = max(40, shutil.get_terminal_size((110, 24)).columns - len(indent))
    # Words are left whole, so that an address can be clicked and a command copied.
    text = textwrap.wrap(finding.text, width, break_long_words=False, break_on_hyphens=False)
    remedy = textwrap.wrap(finding.remedy, width - 2, break_long_words=False, break_on_hyphens=False)
    arrows = [("→ " if row == 0 else "  ") + line for row, line in enumerate(remedy)]
    return head + f"\n{indent}".join([*text, *arrows])
