"""Each kind of checkpoint says on the onnx engine what transformers makes it say, in clean words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    GenerationConfig,
    GPT2Tokenizer,
    VisionEncoderDecoderModel,
    ViTImageProcessor,
)

from inference.captioner import Deadline, ModelError
from inference.checkpoint import load
from inference.export.exporter import export
from inference.folder import Manifest, ModelFolder, read_manifest
from inference.onnx_engine import OnnxCaptioner
from tests.inference import checkpoints, families

PICTURES = [checkpoints.photo(1000 + seed, (90 + 7 * seed, 120)) for seed in range(8)]
DIRT = re.compile(r"\[[A-Z]+\]|##|<[^ ]*>|  |^ | $|\n")
SEARCH = {"max_length": 20, "no_repeat_ngram_size": 2}


@dataclass(frozen=True)
class Pair:
    """A checkpoint and its export."""

    source: Path
    folder: Path

    @cached_property
    def network(self) -> Any:
        return AutoModelForImageTextToText.from_pretrained(self.source).eval()

    @cached_property
    def processor(self) -> Any:
        return AutoProcessor.from_pretrained(self.source, backend="pil")

    def said(self, **changes: object) -> list[str]:
        """What the onnx engine says of the pictures, its manifest changed so."""
        manifest = msgspec.to_builtins(read_manifest(self.folder))
        manifest["decoding"] |= changes.pop("decoding", {})
        msgspec.convert(manifest | changes, Manifest).write(self.folder)
        captioner = OnnxCaptioner(ModelFolder.open(self.folder), 2, "exported")
        return [captioner.caption(picture, Deadline.after(60)).text for picture in PICTURES]

    def expected(self, text: str | None = None, **search: object) -> list[str]:
        """What transformers says of them if it is called as the models' cards call it."""
        config = GenerationConfig(**{**self.network.generation_config.to_diff_dict(), **search})
        captions = []
        for picture in PICTURES:
            inputs = self.processor(images=picture, **({} if text is None else {"text": text}), return_tensors="pt")
            tokens = self.network.generate(**inputs, generation_config=config)[0]
            captions.append(" ".join(self.processor.decode(tokens, skip_special_tokens=True).split()))
        return captions


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return checkpoints.photos(tmp_path_factory.mktemp("photos"), 3)


@pytest.fixture(scope="module", params=["blip", "git", "florence2"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> Pair:
    build: Callable[[Path], Path] = getattr(families, request.param)
    folder = tmp_path_factory.mktemp(request.param)
    made = Pair(build(folder / "source"), folder / "exported")
    export(str(made.source), made.folder, "fp32", photos=photos)
    return made


def clean(captions: list[str]) -> bool:
    assert len(set(captions)) > len(PICTURES) // 2, captions  # or they would prove nothing
    return not any(DIRT.search(caption) for caption in captions)


@pytest.mark.parametrize("beams", [3, 1])
def test_it_says_what_transformers_says(pair: Pair, beams: int) -> None:
    asked = "<CAPTION>" if pair.source.parent.name.startswith("florence2") else None
    found = pair.said(decoding={**SEARCH, "beams": beams})
    expected = pair.expected(asked, **SEARCH, num_beams=beams)
    assert found == [caption.removeprefix("##") for caption in expected]
    assert clean(found)
