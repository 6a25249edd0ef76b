"""The two engines: the same captions, the same deadlines, clear words when a model cannot be had."""

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import huggingface_hub.constants
import msgspec
import pytest

from inference import checkpoint
from inference.captioner import Cancelled, Captioner, Deadline, DeadlineExceeded, ModelError
from inference.export.exporter import export
from inference.folder import ModelFolder, digest
from inference.hub import find
from inference.manifest import DECODER, MANIFEST, Manifest
from inference.onnx_engine import OnnxCaptioner
from inference.torch_engine import TorchCaptioner
from tests.inference import checkpoints

LONG = {"max_length": 40, "suppress_tokens": [checkpoints.END]}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save(tmp_path_factory.mktemp("source"), "vit", "bert", generation=LONG)


@pytest.fixture(scope="module")
def folder(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    export(find(str(source)), folder, "fp32", photos=checkpoints.photos(tmp_path_factory.mktemp("photos"), 4))
    return folder


@pytest.fixture(scope="module", params=["onnx", "torch"])
def captioner(request: pytest.FixtureRequest, source: Path, folder: Path) -> Captioner:
    return (
        OnnxCaptioner(ModelFolder.open(folder), 1, "tiny")
        if request.param == "onnx"
        else TorchCaptioner(find(str(source)), 1)
    )


def test_it_says_what_it_is(captioner: Captioner) -> None:
    assert captioner.engine in ("onnx", "torch")
    assert captioner.model
    assert captioner.input_size == (64, 64)


def test_a_caption_comes_with_the_time_of_its_parts(captioner: Captioner) -> None:
    caption = captioner.caption(checkpoints.photo(1), Deadline.after(60))
    assert len(caption.text.split()) == 39  # 40 tokens but the start
    assert caption.encode_seconds > 0
    assert caption.decode_seconds > 0


def test_no_caption_begins_after_the_deadline(captioner: Captioner) -> None:
    with pytest.raises(DeadlineExceeded):
        captioner.caption(checkpoints.photo(1), Deadline.after(0))


def test_a_deadline_that_ends_while_decoding_gives_no_half_caption(captioner: Captioner) -> None:
    whole = captioner.caption(checkpoints.photo(1), Deadline.after(60))
    with pytest.raises(DeadlineExceeded):
        captioner.caption(checkpoints.photo(1), Deadline.after(whole.encode_seconds + whole.decode_seconds / 4))


def test_a_client_that_hangs_up_ends_the_work(captioner: Captioner) -> None:
    deadline = Deadline.after(60)
    threading.Timer(0.002, deadline.cancel).start()

    def caption_for_ever() -> None:
        while True:
            captioner.caption(checkpoints.photo(1), deadline)

    with pytest.raises(Cancelled):
        caption_for_ever()


def test_captions_at_the_same_time_do_not_mix(captioner: Captioner) -> None:
    photos = [checkpoints.photo(seed) for seed in range(12)]
    alone = [captioner.caption(photo, Deadline.after(60)).text for photo in photos]
    with ThreadPoolExecutor(max_workers=4) as pool:
        together = [
            caption.text for caption in pool.map(lambda photo: captioner.caption(photo, Deadline.after(60)), photos)
        ]
    assert together == alone
    assert len(set(alone)) > 6


def test_an_altered_model_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    with (copy / DECODER).open("r+b") as file:
        file.truncate(file.seek(0, os.SEEK_END) - 10)
    with pytest.raises(ModelError, match=f"{DECODER} is truncated or altered"):
        OnnxCaptioner(ModelFolder.open(copy), 1, "tiny")


def test_a_file_that_is_no_graph_is_refused_though_its_checksum_fits(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / DECODER).write_bytes(b"not a graph")
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["files"][DECODER] = digest(copy / DECODER)
    msgspec.convert(manifest, Manifest).write(copy)
    with pytest.raises(ModelError, match=f"{DECODER} cannot be loaded"):
        OnnxCaptioner(ModelFolder.open(copy), 1, "tiny")


def test_more_beams_than_the_graph_was_made_for_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["decoding"]["beams"] = 9
    msgspec.convert(manifest, Manifest).write(copy)
    with pytest.raises(ModelError, match="9 beams need 19"):
        OnnxCaptioner(ModelFolder.open(copy), 1, "tiny")


def test_an_unknown_id_with_no_network_names_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"CAPTION_MODEL=nobody/nothing .*cannot be reached.* starter"):
        checkpoint.load(find("nobody/nothing"))


def test_a_name_that_can_be_no_id_names_the_setting() -> None:
    with pytest.raises(ModelError, match="CAPTION_MODEL=not a name is neither a folder nor"):
        checkpoint.load(find("not a name"))


def test_a_folder_that_holds_no_checkpoint_says_what_it_must_hold(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be loaded as a captioning checkpoint: it has no config\.json"):
        checkpoint.load(find(str(tmp_path)))


def test_a_checkpoint_without_search_settings_gets_three_beams_and_a_cap(tmp_path: Path) -> None:
    checkpoints.save(tmp_path, "vit", "bert")
    (tmp_path / "generation_config.json").unlink()
    decoding = checkpoint.load(find(str(tmp_path))).decoding
    assert (decoding.beams, decoding.max_length) == (3, checkpoint.MAX_LENGTH)
    assert (decoding.start_id, decoding.end_ids) == (checkpoints.START, (checkpoints.END,))


def test_search_settings_are_read_from_the_checkpoint(tmp_path: Path) -> None:
    wanted = {"num_beams": 5, "length_penalty": 0.6, "early_stopping": True, "no_repeat_ngram_size": 2}
    checkpoints.save(tmp_path, "vit", "bert", generation={**wanted, "max_length": None, "max_new_tokens": 9})
    decoding = checkpoint.load(find(str(tmp_path))).decoding
    assert (decoding.beams, decoding.length_penalty, decoding.early_stopping) == (5, 0.6, True)
    assert (decoding.no_repeat_ngram_size, decoding.max_length) == (2, 10)


def test_a_search_setting_that_is_not_supported_is_named(tmp_path: Path) -> None:
    checkpoints.save(tmp_path, "vit", "bert", generation={"repetition_penalty": 1.5})
    with pytest.raises(ModelError, match="sets repetition_penalty"):
        checkpoint.load(find(str(tmp_path)))


@pytest.mark.parametrize(
    "processor",
    [
        {"size": {"shortest_edge": 64}},
        {"size": {"shortest_edge": 64, "longest_edge": 90}},
        {"rescale_factor": 1 / 127.5},
    ],
)
def test_preprocessing_that_is_not_supported_is_refused(tmp_path: Path, processor: dict[str, object]) -> None:
    checkpoints.save(tmp_path, "vit", "bert")
    file = tmp_path / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | processor))
    with pytest.raises(ModelError, match="not supported"):
        checkpoint.load(find(str(tmp_path)))
