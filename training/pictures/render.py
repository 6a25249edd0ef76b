"""Render every picture into a folder, with the file of captions that the recipe reads."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from PIL import Image
from tqdm import tqdm

from training.data import KINDS
from training.errors import RecipeError
from training.pictures import maps, pages, plots, screens
from training.pictures.picture import Maker

CAPTIONS = "captions.json"
_PAGES: dict[str, tuple[Maker, int, tuple[str, ...]]] = {
    "terminal": (screens.terminal, 90, ("terminal",)),
    "code": (screens.code, 90, ("code",)),
    "chat": (screens.chat, 90, ("chat", "conversation")),
    "dialog": (screens.dialog, 45, ("error", "warning", "question", "window")),
    "phone": (screens.phone, 40, ("phone",)),
    "spreadsheet": (pages.spreadsheet, 65, ("spreadsheet",)),
    "table": (pages.table, 55, ("table",)),
    "web": (pages.web_page, 130, ("web",)),
    "slide": (pages.slide, 80, ("slide", "presentation")),
    "document": (pages.document, 75, ("document", "page", "paper")),
    "receipt": (pages.receipt, 45, ("receipt",)),
    "calendar": (pages.calendar, 25, ("calendar",)),
    "map": (maps.town, 60, ("map",)),
}
_PLOTS: dict[str, tuple[plots.Draw, int, tuple[str, ...]]] = {
    "bars": (plots.bars, 50, ("bar", "bars")),
    "lines": (plots.lines, 50, ("line", "graph")),
    "pie": (plots.pie, 35, ("pie",)),
    "scatter": (plots.scatter, 30, ("scatter", "dots")),
    "histogram": (plots.histogram, 20, ("histogram",)),
    "heat": (plots.heat_map, 20, ("heat",)),
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LONGEST_SIDE = 640
_KEPT_BACK = 10
"""One picture of so many is kept to measure with."""

Taken = Callable[[str, Random], tuple[bytes, tuple[str, ...]]]


def render(folder: Path, seed: int, share: float = 1.0) -> None:
    """Render the pictures, or that share of each kind, and write their captions last.

    Raises RecipeError when no browser is found.
    """
    from playwright.sync_api import Error, sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    named: dict[str, dict[str, list[str]]] = {"train": {}, "val": {}, KINDS: {}}
    try:
        with sync_playwright() as playwright:
            found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
            page = playwright.chromium.launch(executable_path=found, args=("--no-sandbox", "--disable-gpu")).new_page()

            def photographed(kind: str, random: Random) -> tuple[bytes, tuple[str, ...]]:
                made = _PAGES[kind][0](random)
                page.set_viewport_size({"width": made.size[0], "height": made.size[1]})
                page.set_content(f"<style>body{{margin:0}}{made.style}</style>{made.body}")
                return page.screenshot(type="jpeg", quality=92), tuple(made.captions)

            for kind, (_, count, words) in _PAGES.items():
                _kind(folder, named, kind, (round(count * share), words), seed, photographed)
    except Error as problem:
        raise RecipeError(
            "No browser to render pictures with: install Chromium (apt-get install chromium, or playwright install "
            f"chromium). It said: {str(problem).splitlines()[0]}"
        ) from problem
    for kind, (_, count, words) in _PLOTS.items():
        _kind(folder, named, kind, (round(count * share), words), seed, _drawn)
    (folder / CAPTIONS).write_text(json.dumps(named, indent=1), "utf-8")


def _drawn(kind: str, random: Random) -> tuple[bytes, tuple[str, ...]]:
    made = plots.plot(random, _PLOTS[kind][0])
    return made.png, tuple(made.captions)


def _kind(
    folder: Path,
    named: dict[str, dict[str, list[str]]],
    kind: str,
    wanted: tuple[int, tuple[str, ...]],
    seed: int,
    take: Taken,
) -> None:
    """All pictures of one kind: each has a seed of its own, so that one more changes no other."""
    count, words = wanted
    for number in tqdm(range(count), desc=f"rendering {kind}", unit="picture"):
        picture, captions = take(kind, Random(f"{seed}/{kind}/{number}"))  # noqa: S311  # (no secret)
        file = f"{kind}-{number:03}.png"
        with Image.open(io.BytesIO(picture)) as image:
            small = image.convert("RGB")
        small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        small.save(folder / file)
        named["val" if number % _KEPT_BACK == 0 else "train"][file] = list(captions)
        named[KINDS][file] = list(words)
