"""Each kind of checkpoint says on the onnx engine what transformers makes it say, in clean words."""

import re
from collections.abc import Callable, Sequence
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
    PreTrainedModel,
    ProcessorMixin,
    VisionEncoderDecoderModel,
    ViTImageProcessor,
)

from inference.captioner import Deadline, ModelError
from inference.checkpoint import load
from inference.export.exporter import export
from inference.folder import ModelFolder
from inference.hub import find
from inference.manifest import Manifest, read_manifest
from inference.onnx_engine import OnnxCaptioner
from tests.inference import checkpoints, families

PICTURES = [checkpoints.photo(1000 + seed, (90 + 7 * (seed % 20), 120)) for seed in range(200)]
DIRT = re.compile(r"\[[A-Z]+\]|##|<[^ ]*>|  |^ | $|\n")
SEARCH = {"max_length": 20, "no_repeat_ngram_size": 2}


@dataclass
class Pair:
    """A checkpoint and its export."""

    source: Path
    folder: Path

    @cached_property
    def network(self) -> PreTrainedModel:
        return AutoModelForImageTextToText.from_pretrained(self.source).eval()

    @cached_property
    def processor(self) -> ProcessorMixin:
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
        asked = {} if text is None else {"text": [text] * len(PICTURES)}
        inputs = self.processor(images=PICTURES, **asked, return_tensors="pt")
        found = self.network.generate(**inputs, generation_config=config)
        return [" ".join(self.processor.decode(tokens, skip_special_tokens=True).split()) for tokens in found]

    def begun(self, prefix: Sequence[int], **search: object) -> list[str]:
        """What transformers says of them after the start token and `prefix`."""
        start = read_manifest(self.folder).decoding.start_id
        config = GenerationConfig(**{**self.network.generation_config.to_diff_dict(), **search})
        ids = torch.tensor([[start, *prefix]] * len(PICTURES))
        pixels = self.processor(images=PICTURES, return_tensors="pt").pixel_values
        found = self.network.generate(pixel_values=pixels, input_ids=ids, generation_config=config)
        return [self.processor.decode(tokens, skip_special_tokens=True) for tokens in found]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return checkpoints.photos(tmp_path_factory.mktemp("photos"), 3)


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> Pair:
    build: Callable[[Path], Path] = getattr(families, request.param)
    folder = tmp_path_factory.mktemp(request.param)
    made = Pair(build(folder / "source"), folder / "exported")
    export(find(str(made.source)), made.folder, "fp32", photos=photos)
    return made


def clean(captions: list[str]) -> bool:
    assert len(set(captions)) > len(PICTURES) // 2, captions  # or they would prove nothing
    return not any(DIRT.search(caption) for caption in captions)


@pytest.mark.parametrize("beams", [3, 1])
@pytest.mark.parametrize("pair", ["blip", "git", "florence2"], indirect=True)
def test_it_says_what_transformers_says(pair: Pair, beams: int) -> None:
    asked = "<CAPTION>" if pair.source.parent.name.startswith("florence2") else None
    found = pair.said(decoding={**SEARCH, "beams": beams})
    expected = pair.expected(asked, **SEARCH, num_beams=beams)
    assert found == [caption.removeprefix("##") for caption in expected]
    assert clean(found)


@pytest.mark.parametrize("pair", ["blip", "git"], indirect=True)
def test_a_caption_may_begin_with_given_words(pair: Pair) -> None:
    assert read_manifest(pair.folder).takes_prompt
    given = "a photograph of"
    prefix = AutoTokenizer.from_pretrained(pair.source)(given, add_special_tokens=False).input_ids
    found = pair.said(decoding={**SEARCH, "beams": 3, "prefix_ids": prefix})
    # GIT's processor would end the prompt with [SEP]: its card puts the start token before the prompt by hand.
    by_hand = pair.source.parent.name.startswith("git")
    expected = pair.begun(prefix, **SEARCH, num_beams=3) if by_hand else pair.expected(given, **SEARCH, num_beams=3)
    assert found == expected
    assert clean(found)
    assert all(caption.startswith(given) for caption in found)
    pair.said(decoding={"prefix_ids": []})


@pytest.mark.parametrize("pair", ["florence2"], indirect=True)
def test_florence2_is_asked_for_a_detailed_caption_by_its_task(pair: Pair) -> None:
    manifest = read_manifest(pair.folder)
    detailed, short = manifest.detailed, manifest.prompt_ids
    assert detailed and not manifest.takes_prompt
    found = pair.said(decoding={**SEARCH, "beams": 3}, prompt_ids=detailed.prompt_ids)
    assert found == pair.expected("<DETAILED_CAPTION>", **SEARCH, num_beams=3)
    assert found != pair.said(prompt_ids=short)


BANNED = [[7], [300, 301], [0]]
"""One word, one phrase, and the end, which stays allowed."""


@pytest.mark.parametrize(
    "generation", [None, {"bad_words_ids": BANNED, "max_length": 20, "num_beams": 2}], ids=["nlpconnect", "Mozilla"]
)
def test_gpt2_captioners_load_as_the_hub_has_them(
    generation: dict[str, Any] | None, tmp_path: Path, photos: list[Path]
) -> None:
    source, folder = families.vit_gpt2(tmp_path / "source", generation=generation), tmp_path / "exported"
    export(find(str(source)), folder, "fp32", photos=photos)
    network = VisionEncoderDecoderModel.from_pretrained(source)
    processor, tokenizer = ViTImageProcessor.from_pretrained(source), GPT2Tokenizer.from_pretrained(source)
    found = Pair(source, folder).said()
    searched = {"max_length": 32, "num_beams": 3} if generation is None else {}
    tokens = network.generate(processor(PICTURES, return_tensors="pt").pixel_values, **searched)
    assert found == [" ".join(tokenizer.decode(each, skip_special_tokens=True).split()) for each in tokens]
    assert clean(found)


def test_a_git_that_describes_films_is_told_apart(tmp_path: Path, photos: list[Path]) -> None:
    families.git(tmp_path / "source", num_image_with_embedding=6)
    with pytest.raises(ModelError, match=r"describes films of several pictures.*git-base-coco"):
        export(find(str(tmp_path / "source")), tmp_path / "exported", photos=photos)


def test_florence2_says_which_photos_are_too_large_for_it(tmp_path: Path, photos: list[Path]) -> None:
    families.florence2(tmp_path / "source", side=320)
    with pytest.raises(ModelError, match="too few places for photos of 320x320"):
        export(find(str(tmp_path / "source")), tmp_path / "exported", photos=photos)


def test_a_kind_that_does_not_export_is_sent_to_the_other_engine(tmp_path: Path, photos: list[Path]) -> None:
    families.blip(tmp_path)
    config = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('"model_type": "blip"', '"model_type": "idefics3"'))
    with pytest.raises(ModelError, match=r"is a idefics3 model.*CAPTION_ENGINE=torch"):
        load(find(str(tmp_path)))
