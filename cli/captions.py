"""Where captions go: to the terminal, into a table, or beside their photos; the last two know what is done already."""

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import click

Answer = Mapping[str, object]
"""What `--json` prints of a photo: its `file`, and a `caption`, or an `error` with its `message`."""

COLUMNS = ("file", "caption", "confidence", "error", "message")


class Captions(Protocol):
    """Takes what came of each photo."""

    def has(self, name: str) -> bool:
        """Whether this photo was captioned before."""

    def take(self, answer: Answer) -> None:
        """Keep or show one answer."""

    def close(self) -> None:
        """Nothing more comes."""


class Printed:
    """Lines for people, or JSON for programs; troubles go to standard error."""

    def __init__(self, as_json: bool, named: bool) -> None:
        self._as_json, self._named = as_json, named

    def has(self, name: str) -> bool:  # noqa: ARG002 (what was printed is gone)
        """Never."""
        return False

    def take(self, answer: Answer) -> None:
        """Print one."""
        if self._as_json:
            click.echo(json.dumps(answer, ensure_ascii=False))
        elif "error" in answer:
            click.echo(f"{answer['file']}: {answer['message']}", err=True)
        else:
            click.echo(f"{answer['file']}: {answer['caption']}" if self._named else answer["caption"])

    def close(self) -> None:
        """Nothing is open."""


class Table:
    """A CSV file with a line for each photo, written as it is known. What failed is tried again the next time."""

    def __init__(self, path: Path) -> None:
        """Go on with the file that is there, if one is. Raises OSError, or click.ClickException for another's file."""
        kept = _captioned(path) if path.exists() else []
        self._done = {row["file"] for row in kept}
        # Anew, and put in place at once: without what failed, and without half a line where the last run was killed.
        fresh = path.with_name(f".{path.name}.new")
        with fresh.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)
        fresh.replace(path)
        self._stream = path.open("a", encoding="utf-8", errors="surrogateescape", newline="")
        self._writer = csv.DictWriter(self._stream, COLUMNS, restval="", extrasaction="ignore")

    def has(self, name: str) -> bool:
        """Whether the file holds its caption."""
        return name in self._done

    def take(self, answer: Answer) -> None:
        """Write a line, so that it is there whatever happens next."""
        self._writer.writerow(answer)
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Sidecars:
    """A text file beside each photo, by its name and `.txt`. Troubles go to standard error."""

    def has(self, name: str) -> bool:
        """Whether there is one."""
        return _sidecar(name).exists()

    def take(self, answer: Answer) -> None:
        """Write one; a file that is there is whole."""
        if "error" in answer:
            click.echo(f"{answer['file']}: {answer['message']}", err=True)
            return
        path = _sidecar(str(answer["file"]))
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(f"{answer['caption']}\n", "utf-8")
        fresh.replace(path)

    def close(self) -> None:
        """Nothing is open."""


def _sidecar(name: str) -> Path:
    return Path(f"{name}.txt")


def _captioned(path: Path) -> list[dict[str, str]]:
    """The lines of a table that have a caption."""
    if path.stat().st_size == 0:
        return []
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        whole = stream.read()
    # The last line may be half a one.
    lines = whole[: whole.rindex("\n") + 1].splitlines(keepends=True) if "\n" in whole else []
    rows = list(csv.DictReader(lines))
    if not lines or lines[0].strip() != ",".join(COLUMNS):
        raise click.ClickException(
            f"{os.fspath(path)} is not a table of captions that I wrote. Name another file, or move this one away."
        )
    return [{column: row[column] or "" for column in COLUMNS} for row in rows if row["caption"]]
