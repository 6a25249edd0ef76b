"""Where a checkpoint is: a folder, or an id of Hugging Face's hub; and what kind of model its config names.

Nothing here runs code that comes with a checkpoint, and no file of Python is downloaded.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from transformers import CONFIG_MAPPING, __version__
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from inference.captioner import ModelError

CONFIG = "config.json"
_FILES = ["*.json", "*.jinja", "*.txt", "*.model", "*.safetensors"]
_OLD_WEIGHTS = ["pytorch_model*.bin", "pytorch_model*.bin.index.json"]
_BELOW = ["*/*"]  # the same model for other programs
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "*.model", "vocab.json", "vocab.txt")
CHOOSE = "`captionbot models` lists what is known to work."


@dataclass(frozen=True)
class Found:
    """A checkpoint on this machine; `revision` is the hub's commit, None for a folder of one's own."""

    name: str  # an id or a folder, as it was asked for
    folder: Path
    revision: str | None
    model_type: str


def find(model: str) -> Found:
    """Find a checkpoint, downloading it if need be, and see that it is a captioner with all its parts.

    Raises ModelError, within seconds where there is nothing to download.
    """
    # Before gigabytes of it are here: can it be of any use?
    kind = _model_type(model, _located(model, [CONFIG])[0])
    folder, revision = _located(model, _FILES)
    if revision is not None and not any(folder.glob("*.safetensors")):
        _located(model, _OLD_WEIGHTS)
    _require(model, folder, _WEIGHTS, "weights", "model.safetensors or pytorch_model.bin")
    _require(model, folder, _TOKENIZERS, "tokenizer", "tokenizer.json, tokenizer.model or vocab.txt")
    return Found(model, folder, revision, kind)


@contextmanager
def loading(found: Found) -> Iterator[None]:
    """Turn what a broken checkpoint trips over, wherever its parts are used first, into a sentence.

    Weights from a pickle are read without running what is in it: one that wants more than tensors is broken.
    Raises ModelError.
    """
    try:
        yield
    except ModelError:
        raise
    except ImportError as error:
        raise ModelError(
            f"{found.name} is a {found.model_type} model, and transformers wants more packages for it ({line(error)}). "
            f"Install them beside captionbot, or choose another model: {CHOOSE}"
        ) from error
    except Exception as error:
        raise ModelError(
            f"{found.name} cannot be loaded as a captioning checkpoint ({line(error)}). It must hold a whole "
            f"{found.model_type} model with its image processor and tokenizer: download it again. {CHOOSE}"
        ) from error


def require_whole(report: Mapping[str, Any], found: Found) -> None:
    """Raise ModelError where transformers would make weights up, which it only warns of; `report` is its own."""
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            f"{found.name} lacks {len(missing)} of the weights of a {found.model_type} model, {missing[0]} for one: it "
            f"was made for other code than transformers' own. {CHOOSE}"
        )


def line(error: BaseException) -> str:
    """The first line of what an error says."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _located(model: str, patterns: list[str]) -> tuple[Path, str | None]:
    if Path(model).is_dir():
        return Path(model), None
    try:
        # One request decides whether the hub answers; `from_pretrained` would try for half a minute, file by file.
        folder = Path(snapshot_download(model, allow_patterns=patterns, ignore_patterns=_BELOW, etag_timeout=5))
    except GatedRepoError as error:
        raise ModelError(
            f"{model} is gated: its authors want to know who uses it. Ask for access on "
            f"{constants.ENDPOINT}/{model}, then set HF_TOKEN to a token of that account. {CHOOSE}"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(
            f"CAPTION_MODEL={model} is neither a folder nor a public Hugging Face model. Is it spelt right? Set it to "
            "a folder, to an id such as cnmoro/mini-image-captioning, or to starter; for a private one set HF_TOKEN "
            f"too. {CHOOSE}"
        ) from error
    except Exception as error:  # the hub's HTTP library has errors of its own, and has been another one before
        if isinstance(error, OSError) and error.strerror and not isinstance(error, HfHubHTTPError):
            raise ModelError(
                f"{model} cannot be kept in {constants.HF_HUB_CACHE} ({error.strerror}). Make room "
                "there, or set HF_HOME to a folder with more."
            ) from error
        raise ModelError(
            f"CAPTION_MODEL={model} is not a folder here, and Hugging Face cannot be reached to download it "
            f"({line(_root(error))}). Check the name and the network, or set CAPTION_MODEL to a folder or to starter."
        ) from error
    return folder, folder.name


def _model_type(model: str, folder: Path) -> str:
    """The architecture that the config names, if transformers can caption with it."""
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_bytes())
        kind = config.get("model_type")
    except FileNotFoundError:
        raise ModelError(f"{model} cannot be loaded as a captioning checkpoint: it has no {CONFIG}. {CHOOSE}") from None
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{model} has a {CONFIG} that cannot be read ({line(error)}). Copy it again.") from None
    if kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return str(kind)
    if kind not in CONFIG_MAPPING and "auto_map" in config:
        raise ModelError(
            f"{model} is run by code of its own (`auto_map` in its {CONFIG}), and I do not run code that comes with a "
            f"model. {CHOOSE}"
        )
    if kind in CONFIG_MAPPING:
        raise ModelError(f"{model} is a {kind} model, which does not caption photos. {CHOOSE}")
    named = f"says that it is a {kind} model" if kind else "names no model_type"
    raise ModelError(
        f"{model} {named} in its {CONFIG}, which transformers {__version__} does not know: a later release may, or "
        f"the checkpoint is broken. {CHOOSE}"
    )


def _require(model: str, folder: Path, patterns: tuple[str, ...], what: str, names: str) -> None:
    if not any(any(folder.glob(pattern)) for pattern in patterns):
        raise ModelError(
            f"{model} has no {what}: there is no {names} in {folder}. Download it again, or copy the missing file "
            "from the model that it was made from."
        )


def _root(error: BaseException) -> BaseException:
    """What went wrong first: the hub wraps it in an advice of its own."""
    cause = error.__cause__
    return error if isinstance(error, OfflineModeIsEnabled) or cause is None else _root(cause)
