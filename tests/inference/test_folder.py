"""A model folder is used only when it is exactly what was exported."""

import json
from pathlib import Path

import msgspec
import pytest

from inference.captioner import ModelError
from inference.folder import ModelFolder, digest
from inference.manifest import DECODER, ENCODER, MANIFEST, TOKENIZER, Manifest

PARTS = (ENCODER, DECODER, TOKENIZER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index, name in enumerate(PARTS):
        (tmp_path / name).write_bytes(bytes([index]) * 10_000)
    manifest = {
        "source": "somebody/something",
        "versions": {"torch": "2.13.0"},
        "files": {name: digest(tmp_path / name) for name in PARTS},
        "preprocessing": {
            "size": {"height": 224, "width": 224},
            "resize": "stretch",
            "resampling": "bicubic",
            "mean": [0.5, 0.5, 0.5],
            "deviation": [0.5, 0.5, 0.5],
        },
        "decoding": {"start_id": 1, "end_ids": [2], "pad_id": 0, "max_length": 20},
        "precision": {"encoder": "fp32", "decoder": "fp32", "embeddings": "fp32"},
    }
    msgspec.convert(manifest, Manifest).write(tmp_path)
    return tmp_path


def edit(folder: Path, **changes: object) -> None:
    file = folder / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_whole_folder_opens_and_says_what_was_written(folder: Path) -> None:
    opened = ModelFolder.open(folder)
    assert opened.manifest.decoding.beams == 3
    assert opened.manifest.preprocessing.input.height == 224
    assert (opened.encoder, opened.decoder, opened.tokenizer) == tuple(folder / name for name in PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name} is missing.*captionbot export"):
        ModelFolder.open(folder)


@pytest.mark.parametrize("name", PARTS)
def test_a_truncated_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(ModelError, match=rf"{name} is truncated or altered.*captionbot export"):
        ModelFolder.open(folder)


@pytest.mark.parametrize("name", PARTS)
def test_one_changed_bit_is_noticed(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[5_000] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} is truncated or altered"):
        ModelFolder.open(folder)


def test_a_file_that_is_a_folder_is_named(folder: Path) -> None:
    (folder / ENCODER).unlink()
    (folder / ENCODER).mkdir()
    with pytest.raises(ModelError, match=f"{ENCODER} cannot be read"):
        ModelFolder.open(folder)


def test_a_folder_of_another_format_says_which_it_reads(folder: Path) -> None:
    edit(folder, format=5)
    with pytest.raises(ModelError, match="has format 5, and this version of captionbot reads format 4"):
        ModelFolder.open(folder)


def test_a_folder_of_a_later_format_with_other_fields_says_so_too(folder: Path) -> None:
    edit(folder, format=5, something="new")
    with pytest.raises(ModelError, match="has format 5"):
        ModelFolder.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"source": 1}', "\x00"])
def test_a_broken_manifest_is_named(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ModelError, match=rf"{MANIFEST} cannot be read.*captionbot export"):
        ModelFolder.open(folder)


def test_a_manifest_must_vouch_for_every_part(folder: Path) -> None:
    edit(folder, files={TOKENIZER: digest(folder / TOKENIZER)})
    with pytest.raises(ModelError, match=f"does not list {DECODER}, {ENCODER}"):
        ModelFolder.open(folder)


def test_a_folder_without_a_manifest_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"not an exported model.*captionbot export MODEL {tmp_path}"):
        ModelFolder.open(tmp_path)
    with pytest.raises(ModelError, match="not an exported model"):
        ModelFolder.open(tmp_path / "nowhere")
