"""Short or detailed, and captions that are begun: both engines alike, over the endpoint as in a call."""

import re
from pathlib import Path

import pytest

from inference.captioner import Deadline, ModelError
from inference.export.exporter import export
from inference.folder import ModelFolder
from inference.hub import find
from inference.loading import load_captioner
from inference.manifest import read_manifest
from inference.onnx_engine import OnnxCaptioner
from inference.settings import InferenceSettings
from inference.torch_engine import TorchCaptioner
from tests.inference import checkpoints, families
from tests.inference.serving import JPEG, post, refused, serving

PHOTOS = 6


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save(tmp_path_factory.mktemp("source"), "vit", "bert", generation={"max_length": 12})


@pytest.fixture(scope="module")
def folder(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    export(find(str(source)), folder, "fp32", photos=checkpoints.photos(tmp_path_factory.mktemp("photos"), 2))
    return folder


def settings(model: Path, **more: object) -> InferenceSettings:
    return InferenceSettings(caption_model=str(model), caption_deadline=600, **more)  # type: ignore[arg-type]  # (any)


def test_a_model_that_no_prompt_makes_say_more_goes_on_without_repeating_itself(source: Path, folder: Path) -> None:
    engines = OnnxCaptioner(ModelFolder.open(folder), 2, "onnx"), TorchCaptioner(find(str(source)), 2)
    assert [engine.details for engine in engines] == [("short", "detailed")] * 2
    for seed in range(PHOTOS):
        photo = checkpoints.photo(seed)
        (short, detailed), (expected_short, expected) = (
            [engine.caption(photo, Deadline.after(60), detail=detail).text for detail in engine.details]
            for engine in engines
        )
        assert (short, detailed) == (expected_short, expected)
        assert len(short.split()) < 12
        assert 18 < len(detailed.split()) < 40  # of 24 to 40 tokens, some of which are not said


def test_the_setting_is_the_usual_and_a_request_may_ask_otherwise(folder: Path) -> None:
    captioner = load_captioner(settings(folder, caption_detail="detailed"))
    with serving(settings(folder, caption_detail="detailed"), captioner) as url:
        lengths = [
            len(post(url, content=JPEG, params=asked).json()["caption"].split())
            for asked in ({}, {"detail": "detailed"}, {"detail": "short"})
        ]
    assert lengths[0] == lengths[1] > lengths[2]


def test_the_deadline_is_kept_for_a_detailed_one(folder: Path) -> None:
    with serving(InferenceSettings(caption_deadline=0.001), load_captioner(settings(folder))) as url:
        refused(post(url, content=JPEG, params={"detail": "detailed"}), 504, "deadline_exceeded")


def test_a_caption_is_begun_as_the_setting_says(source: Path, folder: Path) -> None:
    onnx = load_captioner(settings(folder, caption_prompt="w7 w8 w9"))
    torch = load_captioner(settings(source, caption_prompt="w7 w8 w9", caption_engine="torch"))
    said = []
    for seed in range(PHOTOS):
        photo = checkpoints.photo(seed)
        for detail in onnx.details:
            text = onnx.caption(photo, Deadline.after(60), detail=detail).text
            assert text == torch.caption(photo, Deadline.after(60), detail=detail).text
            assert text.startswith("w7 w8 w9")
            said.append(text)
    assert len(set(said)) > PHOTOS
    assert read_manifest(folder).decoding.max_length == 12, "which a prompt makes longer"
    assert max(len(text.split()) for text in said[::2]) > 12
    for model, engine in ((folder, "onnx"), (source, "torch")):
        with pytest.raises(ModelError, match="CAPTION_PROMPT is 38 tokens long"):
            load_captioner(settings(model, caption_prompt="w7 " * 38, caption_engine=engine))


@pytest.mark.parametrize("kind", ["blip", "git", "florence2"])
def test_what_exports_runs_on_the_torch_engine_too(kind: str, tmp_path: Path) -> None:
    source = getattr(families, kind)(tmp_path)
    captioner = load_captioner(settings(source, caption_engine="torch"))
    assert captioner.details == ("short", "detailed")
    for detail in captioner.details:
        text = captioner.caption(checkpoints.photo(1), Deadline.after(60), detail=detail).text
        assert text and text.isprintable() and not re.search(r"<|##|\[[A-Z]|  |�", text)
    if kind == "florence2":
        with pytest.raises(ModelError, match=r"CAPTION_PROMPT is set, and .* takes no prompt"):
            load_captioner(settings(source, caption_prompt="a photograph of", caption_engine="torch"))
        return
    begun = load_captioner(settings(source, caption_prompt="a photograph of", caption_engine="torch"))
    said = {begun.caption(checkpoints.photo(seed), Deadline.after(60)).text for seed in range(3)}
    assert all(text.startswith("a photograph of") and len(text) > len("a photograph of ") for text in said)
