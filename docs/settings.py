"""Write docs/settings.md's tables of settings from the classes that read them: `python docs/settings.py`."""

import sys
from pathlib import Path

import msgspec

from bot.settings import BotSettings
from common.settings import Secret, Settings
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


def rewritten(page: str) -> str:
    """Put the tables between the marks of a page."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    tables = "\n\n".join(f"**{title}**\n\n{table(kind)}" for title, kind in CLASSES.items())
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _shown(default: object) -> str:
    value = default.reveal() if isinstance(default, Secret) else default
    if value is None or value == frozenset():
        return ""
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


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
