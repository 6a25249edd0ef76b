"""Questions in a terminal: secrets are never shown, and each is checked before the next question."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import click

from cli.doctor.finding import Finding, Status

ATTENTION = {Status.OK: "green", Status.NOTE: "yellow", Status.WRONG: "red", Status.ABSENT: None}


@dataclass(frozen=True)
class Verdict:
    """What came of checking an answer. `taken` is None when nobody could be asked."""

    taken: bool | None
    findings: list[Finding]


def ask_secret(
    name: str, what: str, known: str | None, check: Callable[[str], Coroutine[Any, Any, Verdict]], platform: str
) -> str | None:
    """Ask for a secret until it is right; None when the person would rather go on without the platform.

    Raises click.Abort on Ctrl-C.
    """
    empty = "Enter keeps the one that is there" if known else f"Enter leaves {platform} out"
    while True:
        pasted = click.prompt(f"{name}, {what} (hidden; {empty})", default="", hide_input=True, show_default=False)
        value = str(pasted).strip() or known
        if not value:
            return None
        verdict = asyncio.run(check(value))
        for finding in verdict.findings:
            show(finding)
        if verdict.taken or (verdict.taken is None and click.confirm("Keep it unchecked?", default=False)):
            return value
        if value == known:
            known, empty = None, f"Enter leaves {platform} out"


def show(finding: Finding) -> None:
    """Print a finding."""
    click.echo("  " + click.style(finding.status.value, fg=ATTENTION[finding.status]) + f"  {finding.text}")
    if finding.remedy:
        click.echo(f"      → {finding.remedy}")


def step(number: int, text: str) -> None:
    """Print what to do next, elsewhere."""
    click.echo(f"\n{click.style(f'{number}.', bold=True)} {text}")


def need_terminal() -> None:
    """Raise click.ClickException unless a person sits at a terminal."""
    if not sys.stdin.isatty():
        raise click.ClickException(
            "This asks questions, and secrets are typed unseen: run it in a terminal. "
            "Without one, write .env by hand; docs/settings.md lists the settings."
        )
