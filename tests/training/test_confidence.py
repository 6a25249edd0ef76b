"""A curve for how sure a model may be is fitted to photos and what people say of them, and kept in its folder."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from common import samples
from inference.captioner import Deadline
from inference.folder import ModelFolder
from inference.loading import STARTER
from inference.manifest import Confidence, read_manifest
from inference.onnx_engine import OnnxCaptioner
from training.__main__ import main
from training.things import things


@pytest.fixture
def model(tmp_path: Path) -> Path:
    shutil.copytree(STARTER, tmp_path / "model")
    return tmp_path / "model"


def crops(folder: Path, model: Path, count: int) -> Path:
    """Parts of the sample photos, of which people say what the model says of every other one; and a zebra else."""
    folder.mkdir()
    captioner = OnnxCaptioner(ModelFolder.open(model), threads=1, name="starter")
    captions = {}
    photos = [Image.open(path).convert("RGB") for path in sorted(samples.FOLDER.glob("*.jpg"))]
    for number in range(count):
        photo = photos[number % len(photos)]
        left = number * photo.width // (3 * count)
        part = photo.crop((left, 0, left + photo.width // 2, photo.height))
        part.resize((256, 256)).save(folder / f"{number}.png")
        said = captioner.caption(part.resize((256, 256)), Deadline.after(60)).text
        agreed = said if number % 2 and things(said) else "a zebra"
        captions[f"{number}.png"] = [agreed] * 5
    file = folder.parent / "captions.json"
    file.write_text(json.dumps({"train": dict(list(captions.items())[:1]), "val": captions}), "utf-8")
    return file


def test_a_folder_learns_how_sure_it_may_be(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    captions = crops(tmp_path / "photos", model, 60)
    before = read_manifest(model)
    command = ["python -m training", "calibrate", str(model), str(tmp_path / "photos"), str(captions)]
    monkeypatch.setattr("sys.argv", command)
    assert main() == 0
    after = ModelFolder.open(model).manifest
    assert after.confidence is not None and after.confidence != before.confidence
    assert (after.files, after.decoding) == (before.files, before.decoding)
    assert "| said | captions | of those right |" in capsys.readouterr().out


def test_too_few_photos_are_refused_in_a_sentence(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    captions = crops(tmp_path / "photos", model, 4)
    monkeypatch.setattr(
        "sys.argv", ["python -m training", "calibrate", str(model), str(tmp_path / "photos"), str(captions)]
    )
    assert main() == 1
    assert "Name more photos." in capsys.readouterr().err


def test_the_curve_rises_with_the_score_and_stays_between_nothing_and_certainty() -> None:
    curve = Confidence(bias=3.9, slope=9.8)
    told = [curve.of(score) for score in (-50.0, -1.0, -0.4, -0.2, 0.0)]
    assert told == sorted(told)
    assert 0 <= told[0] < 0.01 < 0.9 < told[-1] < 1
