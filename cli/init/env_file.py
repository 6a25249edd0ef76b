"""The `.env` file: values put in without touching its other lines, written whole or not at all, for its owner alone."""

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream


def read(path: Path) -> str:
    """Read the file as it is, line ends included; "" when there is none. Raises OSError, UnicodeDecodeError."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def values(text: str) -> dict[str, str]:
    """Read the settings that are in it, by their names in capitals; the last line of a name counts."""
    return {name: line.value for line in _lines(text) if (name := _name(line)) and line.value}


def merge(text: str, changes: Mapping[str, str]) -> str:
    """Put settings in: in their own lines where they have one, else at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    left = dict(changes)
    merged = ""
    for line in _lines(text):
        original, name = line.original.string, _name(line)
        if name not in changes:
            merged += original
        elif name in left:
            before = original[: len(original) - len(original.lstrip())]
            merged += f"{before}{name}={left.pop(name)}{end}"
    if merged and left and not merged.endswith(("\n", "\r")):
        merged += end
    return merged + "".join(f"{name}={value}{end}" for name, value in left.items())


def write(path: Path, text: str) -> None:
    """Replace the file in one step, with mode 0600. Raises OSError, and then the old file is still there."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=".env.", dir=target.parent)  # its mode is 0600
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _lines(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text)))


def _name(line: Binding) -> str:
    return (line.key or "").upper()
