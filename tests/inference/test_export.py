"""An exported model says what its checkpoint says, in as few bytes as that allows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from inference.captioner import Captioner, Deadline, ModelError
from inference.export import cache
from inference.export.exporter import export
from inference.folder import ModelFolder
from inference.hub import Found, find
from inference.manifest import MANIFEST, TOKENIZER, Manifest, read_manifest
from inference.onnx_engine import OnnxCaptioner
from inference.torch_engine import TorchCaptioner
from tests.inference import checkpoints

PHOTOS = 12

REAL_CHECKPOINT = os.environ.get("CAPTION_TEST_CHECKPOINT")
"""The folder or id of a real checkpoint to hold the engines together on, besides the random ones."""
REAL_PHOTOS = os.environ.get("CAPTION_TEST_PHOTOS")
"""A folder of photos (.jpg) for it; the first 200 are captioned."""


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return checkpoints.photos(tmp_path_factory.mktemp("samples"), 6)


def with_beams(source: Path, folder: Path, beams: int) -> tuple[Captioner, Captioner]:
    """Both engines on one model, searching with so many beams."""
    file = source / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"num_beams": beams}))
    manifest = msgspec.to_builtins(read_manifest(folder))
    manifest["decoding"]["beams"] = beams
    msgspec.convert(manifest, Manifest).write(folder)
    return TorchCaptioner(find(str(source)), 2), OnnxCaptioner(ModelFolder.open(folder), 2, "exported")


def texts(captioner: Captioner, photos: list[Image.Image]) -> list[str]:
    return [captioner.caption(photo, Deadline.after(60)).text for photo in photos]


@pytest.mark.parametrize("decoder", sorted(checkpoints.DECODERS))
@pytest.mark.parametrize("encoder", sorted(checkpoints.ENCODERS))
def test_an_fp32_export_says_exactly_what_torch_says(
    encoder: str, decoder: str, tmp_path: Path, samples: list[Path]
) -> None:
    source, folder = checkpoints.save(tmp_path / "source", encoder, decoder), tmp_path / "exported"
    export(find(str(source)), folder, "fp32", photos=samples)
    photos = [checkpoints.photo(1000 + seed, (90 + seed, 120)) for seed in range(PHOTOS)]
    for beams in (3, 1):
        torch_engine, onnx_engine = with_beams(source, folder, beams)
        expected = texts(torch_engine, photos)
        assert texts(onnx_engine, photos) == expected
        assert len(set(expected)) > PHOTOS // 2  # or the photos would prove nothing


@pytest.mark.parametrize(
    "generation",
    [
        {"length_penalty": 2.0, "early_stopping": "never"},
        {"length_penalty": 0.0, "early_stopping": True, "num_beams": 5},
        {"no_repeat_ngram_size": 2},
        {"suppress_tokens": [7, 8, 9, 10], "eos_token_id": [checkpoints.END, 50, 51]},
    ],
    ids=str,
)
def test_an_export_searches_as_the_checkpoint_asks(
    generation: dict[str, object], tmp_path: Path, samples: list[Path]
) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "gpt2", generation=generation)
    export(find(str(source)), tmp_path / "exported", "fp32", photos=samples)
    photos = [checkpoints.photo(seed) for seed in range(PHOTOS)]
    expected = texts(TorchCaptioner(find(str(source)), 2), photos)
    assert texts(OnnxCaptioner(ModelFolder.open(tmp_path / "exported"), 2, "exported"), photos) == expected


@pytest.mark.skipif(
    not (REAL_CHECKPOINT and REAL_PHOTOS), reason="needs CAPTION_TEST_CHECKPOINT and CAPTION_TEST_PHOTOS"
)
@pytest.mark.timeout(1800)
def test_a_real_checkpoint_says_the_same_in_fp32_and_most_of_it_when_small(tmp_path: Path) -> None:
    assert REAL_CHECKPOINT
    files = sorted(Path(REAL_PHOTOS or "").glob("*.jpg"))[:200]
    photos = [Image.open(file).convert("RGB") for file in files]
    export(find(REAL_CHECKPOINT), tmp_path / "fp32", "fp32", photos=files[:20])
    expected = texts(TorchCaptioner(find(REAL_CHECKPOINT), 2), photos)
    assert texts(OnnxCaptioner(ModelFolder.open(tmp_path / "fp32"), 2, "exported"), photos) == expected

    export(find(REAL_CHECKPOINT), tmp_path / "small", photos=files[-50:])
    found = texts(OnnxCaptioner(ModelFolder.open(tmp_path / "small"), 2, "exported"), photos)
    assert sum(map(str.__eq__, found, expected)) >= 0.85 * len(photos)


def test_a_model_that_rounding_does_not_change_is_stored_in_int8(tmp_path: Path, samples: list[Path]) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert", spread=0.02)
    told: list[str] = []
    small = export(find(str(source)), tmp_path / "small", photos=samples, progress=told.append)
    large = export(find(str(source)), tmp_path / "large", "fp32", photos=samples)
    stored = (small.precision.encoder, small.precision.decoder, small.precision.embeddings)
    assert stored == ("int8", "int8", "int8")
    assert sum(small.sizes.values()) < sum(large.sizes.values())
    assert any("100% of the captions stay the same" in line for line in told)
    assert "100% of the captions of" in str(small)
    assert read_manifest(tmp_path / "small").precision == small.precision


def test_a_model_whose_captions_hang_on_every_bit_keeps_more_of_them(tmp_path: Path, samples: list[Path]) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert", spread=0.6)
    told: list[str] = []
    report = export(find(str(source)), tmp_path / "exported", photos=samples, progress=told.append)
    assert any("less than 87% of the captions stay the same" in line for line in told)
    assert report.precision.encoder != "int8"
    assert report.precision.agreement
    assert report.precision.agreement.identical >= 0.87


def test_the_manifest_says_where_the_model_comes_from(tmp_path: Path, samples: list[Path]) -> None:
    source = checkpoints.save(tmp_path / "source", "deit", "bert")
    export(find(str(source)), tmp_path / "exported", "fp32", photos=samples)
    manifest = read_manifest(tmp_path / "exported")
    assert manifest.source == str(source)
    assert set(manifest.versions) == {"torch", "transformers", "onnx", "onnxruntime"}
    assert (manifest.preprocessing.size.height, manifest.preprocessing.input.height) == (80, 64)


def test_other_architectures_are_told_what_is_supported(tmp_path: Path, samples: list[Path]) -> None:
    checkpoints.save(tmp_path / "source", "vit", "bert")
    config = json.loads((tmp_path / "source" / "config.json").read_text())
    config["decoder"]["model_type"] = "bert-generation"
    (tmp_path / "source" / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        ModelError, match="Supported are ViT, DeiT, DINOv2 and Swin encoders with BERT and GPT-2 decoders"
    ):
        export(find(str(tmp_path / "source")), tmp_path / "exported", photos=samples)
    assert not (tmp_path / "exported").exists()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path, samples: list[Path]) -> None:
    (tmp_path / "letter.txt").write_text("dear you")
    with pytest.raises(ModelError, match="exists and is not an exported model"):
        export(Found("anything", tmp_path, None, "blip"), tmp_path, photos=samples)
    assert (tmp_path / "letter.txt").read_text() == "dear you"


def test_an_export_that_fails_leaves_the_one_before_it(tmp_path: Path, samples: list[Path]) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert")
    export(find(str(source)), tmp_path / "exported", "fp32", photos=samples)
    before = (tmp_path / "exported" / MANIFEST).read_text()
    (source / "tokenizer.json").unlink()
    with pytest.raises(ModelError):
        export(find(str(source)), tmp_path / "exported", "fp32", photos=samples)
    assert (tmp_path / "exported" / MANIFEST).read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exported", "source"]


def test_an_export_replaces_the_one_before_it(tmp_path: Path, samples: list[Path]) -> None:
    folder = tmp_path / "exported"
    for seed in (1, 2):
        source = checkpoints.save(tmp_path / f"source{seed}", "vit", "bert", seed=seed)
        export(find(str(source)), folder, "fp32", photos=samples)
        photos = [checkpoints.photo(seed) for seed in range(3)]
        assert texts(OnnxCaptioner(ModelFolder.open(folder), 1, "exported"), photos) == texts(
            TorchCaptioner(find(str(source)), 1), photos
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exported", "source1", "source2"]


def test_a_checkpoint_named_by_two_processes_at_once_is_exported_once(tmp_path: Path, samples: list[Path]) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert", spread=0.02)
    code = "import sys; from inference.export.cache import ensure_exported; print(ensure_exported(sys.argv[1], print))"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code, str(source)]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    lines = [process.communicate()[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert lines[0][-1] == lines[1][-1]
    assert sum(line.startswith("Exporting") for output in lines for line in output) == 1
    assert (Path(lines[0][-1]) / TOKENIZER).exists()


def test_without_torch_the_command_to_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match="captionbot export somebody/something FOLDER"):
        cache.ensure_exported("somebody/something")


def test_a_folder_that_is_neither_export_nor_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"neither a manifest\.json nor a config\.json"):
        cache.ensure_exported(str(tmp_path))
