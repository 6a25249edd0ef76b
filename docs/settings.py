"""Write docs/settings.md's tables of settings from the classes that read them: `python -m docs.settings`."""

import sys
from pathlib import Path

import msgspec

from bot.settings import BotSettings
from common.settings import Secret, Settings
from docs.marks import rewrite
from inference.settings import InferenceSettings

PAGE = Path(__file__).with_name("settings.md")
BEGIN, END = "<!-- settings: written by docs/settings.py -->", "<!-- end of settings -->"
CLASSES: dict[str, type[Settings]] = {
    "The endpoint: `captionbot serve` and `captionbot caption`": InferenceSettings,
    "The bot: every other command": BotSettings,
}


def table(kind: type[Settings]) -> str:
    """Write one class as a table. Raises ValueError for a setting without a description."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for field in msgspec.structs.fields(kind):
        [description] = [note.description for note in field.type.__metadata__ if isinstance(note, msgspec.Meta)]
        if not description:
            raise ValueError(f"{kind.__name__}.{field.name} has no description")
        rows.append(f"| `{field.name.upper()}` | {_shown(field.default)} | {description.rstrip('.')} |")
    return "\n".join(rows)


def tables() -> str:
    """Write all classes, each under its title."""
    return "\n\n".join(f"**{title}**\n\n{table(kind)}" for title, kind in CLASSES.items())


def _shown(default: object) -> str:
    value = default.reveal() if isinstance(default, Secret) else default
    if value is None or value == frozenset():
        return ""
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    sys.exit(rewrite(PAGE, BEGIN, END, tables()))
