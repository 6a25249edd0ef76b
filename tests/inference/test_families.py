"""Each kind of checkpoint says on the onnx engine what transformers makes it say, in clean words."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor, GenerationConfig

from inference.captioner import Deadline
from inference.export.exporter import export
from inference.folder import Manifest, ModelFolder, read_manifest
from inference.onnx_engine import OnnxCaptioner
from tests.inference import checkpoints, families

PHOTOS = 10
DIRT = re.compile(r"\[[A-Z]+\]|##|<[^ ]*>|  |^ | $|\n")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return checkpoints.photos(tmp_path_factory.mktemp("photos"), 4)


PICTURES = [checkpoints.photo(1000 + seed, (90 + 7 * seed, 120)) for seed in range(PHOTOS)]


def said(folder: Path, **changes: object) -> list[str]:
    """What the onnx engine says of the pictures, its search changed so."""
    manifest = msgspec.to_builtins(read_manifest(folder))
    manifest["decoding"] |= changes
    msgspec.convert(manifest, Manifest).write(folder)
    captioner = OnnxCaptioner(ModelFolder.open(folder), 2, "exported")
    return [captioner.caption(picture, Deadline.after(60)).text for picture in PICTURES]


def expected(source: Path, picture: Image.Image, prompt: str | None = None, **generation: object) -> str:
    """What transformers says if it is called as the models' cards call it."""
    processor = AutoProcessor.from_pretrained(source, backend="pil")
    network = AutoModelForImageTextToText.from_pretrained(source)
    given = {} if prompt is None else {"text": prompt}
    inputs = processor(images=picture, return_tensors="pt", **given)
    tokens = network.generate(**inputs, generation_config=GenerationConfig(**generation))
    return " ".join(processor.decode(tokens[0], skip_special_tokens=True).split())


@pytest.mark.parametrize("build", [families.blip])
def test_it_says_what_transformers_says(build: Callable[[Path], Path], tmp_path: Path, photos: list[Path]) -> None:
    source, folder = build(tmp_path / "source"), tmp_path / "exported"
    export(str(source), folder, "fp32", photos=photos)
    for beams in (3, 1):
        found = said(folder, beams=beams, max_length=20)
        assert found == [expected(source, picture, num_beams=beams, max_length=20) for picture in PICTURES]
        assert len(set(found)) > PHOTOS // 2  # or the pictures would prove nothing
        assert not [text for text in found if DIRT.search(text)]
