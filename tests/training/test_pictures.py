"""The pictures that are rendered, and what is said of them."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="needs the extra training")
pytest.importorskip("playwright", reason="needs the extra training")
pytest.importorskip("pycocoevalcap", reason="needs the extra training")

from training import data
from training.errors import RecipeError
from training.pictures.render import render
from training.score import right_kind

SHARE = 0.02


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    render(folder, 1, SHARE)
    return folder


def test_every_kind_is_rendered_and_captioned(rendered: Path) -> None:
    pictures = data.load(rendered, rendered / "captions.json")
    files = [picture.path.name for picture in (*pictures.train, *pictures.val)]
    assert len({file.split("-")[0] for file in files}) >= 15
    for picture in (*pictures.train, *pictures.val):
        assert 2 <= len(picture.captions) <= 3
        with Image.open(picture.path) as image:
            assert max(image.size) <= 640
            assert len(image.convert("L").getcolors(256) or []) > 2, "an empty page"


def test_what_is_said_of_a_picture_is_of_its_kind(rendered: Path) -> None:
    kinds = data.kinds(rendered / "captions.json")
    pictures = data.load(rendered, rendered / "captions.json")
    for picture in (*pictures.train, *pictures.val):
        assert right_kind([picture.captions[0]], [kinds[picture.path.name]]) == 1.0


def test_a_seed_gives_the_same_pictures_again(rendered: Path, tmp_path: Path) -> None:
    render(tmp_path, 1, SHARE)
    written = (rendered / "captions.json").read_text("utf-8")
    assert (tmp_path / "captions.json").read_text("utf-8") == written
    bars = next(file for file in json.loads(written)["kinds"] if file.startswith("bars"))
    assert (tmp_path / bars).read_bytes() == (rendered / bars).read_bytes()


def test_a_machine_without_a_browser_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(RecipeError, match="install Chromium"):
        render(tmp_path / "pictures", 1, SHARE)
