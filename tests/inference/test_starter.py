"""The shipped model folder is whole, small, and says what its card says."""

import re
from pathlib import Path

import pytest
from PIL import Image

import inference
from common import samples
from inference.captioner import Deadline
from inference.folder import ModelFolder
from inference.onnx_engine import OnnxCaptioner

STARTER = Path(inference.__file__).parent / "starter"
CARD = (STARTER / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def captioner() -> OnnxCaptioner:
    return OnnxCaptioner(ModelFolder.open(STARTER), threads=1, name="starter")


def test_the_folder_is_whole_and_at_most_sixteen_megabytes() -> None:
    ModelFolder.open(STARTER)
    assert sum(file.stat().st_size for file in STARTER.iterdir()) <= 16_000_000


@pytest.mark.parametrize("photo", sorted(samples.FOLDER.glob("*.jpg")), ids=lambda photo: photo.stem)
def test_a_sample_is_small_credited_and_captioned_as_the_card_says(photo: Path, captioner: OnnxCaptioner) -> None:
    assert photo.stat().st_size < 150_000
    assert f"`{photo.name}`" in (samples.FOLDER / "CREDITS.md").read_text("utf-8")
    with Image.open(photo) as image:
        assert max(image.size) <= 800
        said = captioner.caption(image.convert("RGB"), Deadline.after(60)).text
    promised = re.search(rf"`common/samples/{photo.name}`.*\| (.+) \|", CARD)
    assert promised is not None
    # An int8 decoder rounds by the processor's own instructions: near ties may fall otherwise on another one.
    assert len(set(said.split()) & set(promised[1].split())) >= len(set(promised[1].split())) / 2
