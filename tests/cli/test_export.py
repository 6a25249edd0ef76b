"""`captionbot export`, as somebody types it."""

import json
from pathlib import Path

import pytest

from inference.manifest import DECODER, ENCODER, MANIFEST, TOKENIZER
from tests.commands import captionbot
from tests.inference import checkpoints
from tests.inference.images import encoded, photo


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save(tmp_path_factory.mktemp("source"), "vit", "bert", spread=0.02)


def test_a_checkpoint_becomes_a_folder_that_captions(source: Path, tmp_path: Path) -> None:
    done = captionbot("export", source, "model", cwd=tmp_path)
    assert done.returncode == 0
    assert "Loading" in done.stderr and "views of sample photos" in done.stderr, "its progress"
    [line] = done.stdout.splitlines()
    assert line.startswith("model: ") and "MB" in line
    assert "100% of the captions of" in line
    weights = {"encoder.bin", "decoder.bin"}
    assert {file.name for file in (tmp_path / "model").iterdir()} == {ENCODER, DECODER, TOKENIZER, MANIFEST} | weights
    (tmp_path / "a.jpg").write_bytes(encoded(photo(), "JPEG"))
    captioned = captionbot("caption", "a.jpg", cwd=tmp_path, settings={"CAPTION_MODEL": "model"})
    assert (captioned.returncode, captioned.stderr) == (0, "")
    assert captioned.stdout.strip()


def test_a_folder_that_holds_something_else_is_left_as_it_is(source: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = captionbot("export", source, "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert "mine exists and is not an exported model. Name another folder" in done.stderr
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_another_architecture_gets_the_list_of_those_that_export(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in source.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    config = json.loads((other / "config.json").read_text())
    config["decoder"] |= {"model_type": "roberta"}
    (other / "config.json").write_text(json.dumps(config))
    done = captionbot("export", "other", "model", cwd=tmp_path)
    assert done.returncode == 1
    assert "other is a vit encoder with a roberta decoder" in done.stderr
    assert "ViT, DeiT, DINOv2 and Swin encoders with BERT and GPT-2 decoders" in done.stderr
    assert not (tmp_path / "model").exists()


def test_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = captionbot("export", "nothing", "model", cwd=tmp_path)
    assert done.returncode == 1
    assert "nothing cannot be loaded as a captioning checkpoint" in done.stderr


def test_without_its_arguments_it_says_which(tmp_path: Path) -> None:
    done = captionbot("export", "model", cwd=tmp_path)
    assert done.returncode == 2
    assert "FOLDER" in done.stderr
    assert "fp32" in captionbot("export", "--help", cwd=tmp_path).stdout
