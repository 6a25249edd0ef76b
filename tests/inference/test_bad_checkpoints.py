"""Checkpoints that are none, are not whole or not to be had: each is told in a sentence, and leaves nothing behind."""

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from inference.captioner import Deadline, ModelError
from inference.export.exporter import export
from inference.folder import ModelFolder
from inference.hub import find
from inference.loading import load_captioner
from inference.onnx_engine import OnnxCaptioner
from inference.settings import InferenceSettings
from inference.torch_engine import TorchCaptioner
from tests.inference import checkpoints, talkers
from tests.sandbox.hub import Hub

ROOT = Path(__file__).parents[2]
Harm = Callable[[Path], None]


def exported(source: str, folder: Path) -> None:
    export(find(source), folder / "exported", "fp32", photos=checkpoints.photos(folder / "photos", 1))


def configured(**changes: object) -> Harm:
    def harm(source: Path) -> None:
        config = json.loads((source / "config.json").read_text()) | changes
        (source / "config.json").write_text(json.dumps({name: value for name, value in config.items() if value}))

    return harm


def without(*names: str) -> Harm:
    return lambda source: [(source / name).unlink() for name in names]  # type: ignore[func-returns-value,return-value]  # (nobody reads it)


def written(name: str, text: str) -> Harm:
    return lambda source: (source / name).write_text(text)  # type: ignore[return-value]  # (nor this)


AUTO_MAP = {"AutoModelForCausalLM": "modeling_own.OwnModel"}
HARMS = {
    "no tokenizer": (without("tokenizer.json"), "has no tokenizer: there is no tokenizer.json"),
    "no weights": (without("model.safetensors"), "has no weights: there is no model.safetensors or pytorch_model.bin"),
    "weights cut short": (
        lambda source: (source / "model.safetensors").write_bytes((source / "model.safetensors").read_bytes()[:999]),
        "cannot be loaded as a captioning checkpoint",
    ),
    "no config": (without("config.json"), "config.json"),
    "a broken config": (written("config.json", "{"), "has a config.json that cannot be read"),
    "a config that is a list": (written("config.json", "[]"), "has a config.json that cannot be read"),
    "an unknown model_type": (configured(model_type="seer9"), r"says that it is a seer9 model .*does not know"),
    "no model_type": (configured(model_type=None), "names no model_type"),
    "a model that reads": (configured(model_type="bert"), "is a bert model, which does not caption photos"),
    "code of its own": (configured(model_type="seer9", auto_map=AUTO_MAP), r"run by code of its own \(`auto_map`"),
}


@pytest.mark.parametrize("engine", ["onnx", "torch"])
@pytest.mark.parametrize("harm", HARMS)
def test_what_is_wrong_is_told_whichever_engine_is_to_run_it(
    tmp_path: Path, harm: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = checkpoints.save(tmp_path / "source", "vit", "bert")
    work, sentence = HARMS[harm]
    work(source)
    with pytest.raises(ModelError, match=sentence):
        load_captioner(InferenceSettings(caption_model=str(source), caption_engine=engine))  # type: ignore[arg-type]  # (a str)
    assert not list(tmp_path.glob("cache/**/*.onnx"))


def test_code_that_lies_beside_a_model_of_a_known_kind_is_never_run(tmp_path: Path) -> None:
    source = talkers.llava(tmp_path / "source")
    ran = tmp_path / "ran"
    own = {"AutoConfig": "own.Config", "AutoModelForImageTextToText": "own.Model", "AutoProcessor": "own.Processor"}
    configured(auto_map=own)(source)
    (source / "own.py").write_text(
        f"open({str(ran)!r}, 'w')\nclass Config: ...\nclass Model: ...\nclass Processor: ...\n"
    )
    captioner = load_captioner(InferenceSettings(caption_model=str(source), caption_engine="torch"))
    assert captioner.caption(checkpoints.photo(1), Deadline.after(60)).text
    assert not ran.exists()


def test_weights_of_the_older_kind_are_read(tmp_path: Path) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert")
    photo = checkpoints.photo(1)
    expected = TorchCaptioner(find(str(source)), 1).caption(photo, Deadline.after(60)).text
    torch.save(load_file(source / "model.safetensors"), source / "pytorch_model.bin")
    (source / "model.safetensors").unlink()
    assert TorchCaptioner(find(str(source)), 1).caption(photo, Deadline.after(60)).text == expected
    exported(str(source), tmp_path)
    folder = ModelFolder.open(tmp_path / "exported")
    assert OnnxCaptioner(folder, 1, "old").caption(photo, Deadline.after(60)).text == expected


class Harmful:
    """Unpickled as any object is, it runs a program."""

    def __init__(self, ran: Path) -> None:
        self.ran = ran

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.ran}",)


def test_weights_that_hold_a_program_are_refused_and_it_does_not_run(tmp_path: Path) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert")
    (source / "model.safetensors").unlink()
    torch.save({"weight": Harmful(tmp_path / "ran")}, source / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be loaded as a captioning checkpoint"):
        TorchCaptioner(find(str(source)), 1)
    assert not (tmp_path / "ran").exists()
    pickle.loads(pickle.dumps(Harmful(tmp_path / "ran")))  # which it does elsewhere
    assert (tmp_path / "ran").exists()


# --- Hugging Face ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    source = checkpoints.save(tmp_path_factory.mktemp("hub"), "vit", "bert")
    strange = checkpoints.save(tmp_path_factory.mktemp("strange"), "vit", "bert")
    configured(model_type="seer9", auto_map=AUTO_MAP)(strange)
    (strange / "modeling_own.py").write_text("raise SystemExit")
    models = {"good/captioner": source, "gated/captioner": source, "strange/captioner": strange}
    with Hub(models, {"gated/captioner"}) as hub:
        yield hub


def found(name: str, home: Path, endpoint: str, **environment: str) -> str:
    """What a fresh process finds by this name, or the sentence that says why it does not."""
    code = (
        "import sys\nfrom inference.captioner import ModelError\nfrom inference.hub import find\n"
        "try:\n    print(find(sys.argv[1]).folder)\nexcept ModelError as error:\n    print(error)"
    )
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment = {
        **kept,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **environment,
    }
    command = [sys.executable, "-c", code, name]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_a_model_is_downloaded_once_and_found_without_a_network(hub: Hub, tmp_path: Path) -> None:
    folder = found("good/captioner", tmp_path, hub.url)
    assert (Path(folder) / "model.safetensors").exists()
    assert found("good/captioner", tmp_path, "http://127.0.0.1:9") == folder
    assert found("good/captioner", tmp_path, hub.url, HF_HUB_OFFLINE="1") == folder


def test_a_gated_model_names_the_page_and_the_token(hub: Hub, tmp_path: Path) -> None:
    said = found("gated/captioner", tmp_path, hub.url)
    assert f"Ask for access on {hub.url}/gated/captioner, then set HF_TOKEN" in said


def test_a_misspelt_model_is_told_so(hub: Hub, tmp_path: Path) -> None:
    said = found("good/captoiner", tmp_path, hub.url)
    assert said.startswith("CAPTION_MODEL=good/captoiner is neither a folder nor a public Hugging Face model.")
    assert "captionbot models" in said


@pytest.mark.parametrize("environment", [{}, {"HF_HUB_OFFLINE": "1"}], ids=str)
def test_without_a_network_the_setting_is_named_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    started = time.monotonic()
    said = found("good/captioner", tmp_path, "http://127.0.0.1:9", **environment)
    assert said.startswith("CAPTION_MODEL=good/captioner is not a folder here, and Hugging Face cannot be reached")
    assert time.monotonic() - started < 60


def test_of_a_model_with_code_of_its_own_only_the_config_is_downloaded(hub: Hub, tmp_path: Path) -> None:
    hub.asked.clear()
    assert "run by code of its own" in found("strange/captioner", tmp_path, hub.url)
    files = {path.rpartition("/")[2] for path in hub.asked if "/resolve/" in path}
    assert files == {"config.json"}


# --- the disk, and others at the same time ---------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk takes root")
@pytest.mark.parametrize("kilobytes", [100, 700, 1500])
def test_a_full_disk_is_told_and_nothing_is_left_on_it(tmp_path: Path, kilobytes: int) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert", spread=0.02)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("this machine mounts nothing")
    try:
        photos = checkpoints.photos(tmp_path / "photos", 1)
        with pytest.raises(ModelError, match="the disk is full"):
            export(find(str(source)), disk / "model", photos=photos)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_two_exports_into_one_folder_at_once_both_end_well(tmp_path: Path) -> None:
    source = checkpoints.save(tmp_path / "source", "vit", "bert", spread=0.02)
    photos = checkpoints.photos(tmp_path / "photos", 1)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from inference.export.exporter import export\nfrom inference.hub import find\n"
        "export(find(sys.argv[1]), Path(sys.argv[2]), 'fp32', photos=[Path(sys.argv[3])])"
    )
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "model"), str(photos[0])]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    captioner = OnnxCaptioner(ModelFolder.open(tmp_path / "model"), 1, "twice")
    assert captioner.caption(checkpoints.photo(1), Deadline.after(60)).text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "photos", "source"]
