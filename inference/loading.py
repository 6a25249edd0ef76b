"""Which engine runs a model, and how the model is loaded."""

from pathlib import Path
from typing import TYPE_CHECKING

from common.installation import remedy
from inference.captioner import Captioner, ModelError

if TYPE_CHECKING:
    from inference.settings import InferenceSettings

STARTER = Path(__file__).parent / "starter"


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
            f"CAPTION_ENGINE=torch needs {missing.name}: {remedy('inference,torch')}; or set CAPTION_ENGINE=onnx."
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
