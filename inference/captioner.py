"""The captioner as the rest of the room sees it: one protocol, one deadline, one way to load it."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from PIL.Image import Image

    from inference.settings import InferenceSettings

STARTER = Path(__file__).parent / "starter"


class ModelError(Exception):
    """The model can't be loaded. The sentence says which file or setting to fix."""


class DeadlineExceeded(Exception):
    """The time for one caption is spent."""


class Cancelled(Exception):
    """Nobody waits for this caption any more."""


class Deadline:
    """One budget of seconds, spent by waiting, encoding and each decoding step alike."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._cancelled = threading.Event()

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Start a budget of so many seconds now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def cancel(self) -> None:
        """Make the next check raise `Cancelled`; safe from any thread."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise `Cancelled` or `DeadlineExceeded` if there is no point in going on."""
        if self._cancelled.is_set():
            raise Cancelled
        if time.monotonic() >= self._end:
            raise DeadlineExceeded


@dataclass(frozen=True)
class Caption:
    """A caption and how many seconds its two parts took."""

    text: str
    encode_seconds: float
    decode_seconds: float


class Captioner(Protocol):
    """A loaded model. `caption` is safe to call from several threads at once."""

    model: str
    engine: str
    input_size: tuple[int, int]
    """(height, width) in pixels of what the encoder sees; a larger image holds nothing more for it."""

    def caption(self, image: "Image", deadline: Deadline) -> Caption:
        """Caption an upright RGB image.

        Raises `DeadlineExceeded` or `Cancelled` between two decoding steps.
        """
        ...


def load_captioner(settings: "InferenceSettings") -> Captioner:
    """Load the model that the settings name, with the engine that they name.

    Raises `ModelError`.
    """
    model, threads = settings.caption_model, settings.threads
    if settings.caption_engine == "onnx":
        from inference.folder import ModelFolder

        folder = ModelFolder.open(_exported(model))
        from inference.onnx_engine import OnnxCaptioner

        return OnnxCaptioner(folder, threads=threads, name=model)
    if model == "starter":
        raise ModelError(
            "The starter model exists only for the onnx engine: set CAPTION_ENGINE=onnx, "
            "or name a Hugging Face checkpoint in CAPTION_MODEL."
        )
    try:
        from inference.torch_engine import TorchCaptioner
    except ModuleNotFoundError as missing:
        raise ModelError(
            f"CAPTION_ENGINE=torch needs {missing.name}: pip install 'captionbot[inference,torch]', "
            "or set CAPTION_ENGINE=onnx."
        ) from missing
    return TorchCaptioner(model, threads=threads)


def _exported(model: str) -> Path:
    """Find the exported folder of a model, exporting a checkpoint that has none yet."""
    if model == "starter":
        return STARTER
    if (Path(model) / "manifest.json").exists():
        return Path(model)
    from inference.export.cache import ensure_exported

    return ensure_exported(model)
