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

    Raises `ModelError`, also for a detail or a prompt that is not for this model.
    """
    captioner = _load(settings)
    if settings.caption_detail not in captioner.details:
        raise ModelError(
            f"CAPTION_DETAIL={settings.caption_detail} is set, and {settings.caption_model} says one short sentence "
            "and can't say more. Remove CAPTION_DETAIL, or choose another model: `captionbot models` lists what is "
            "known to work."
        )
    return captioner


def _load(settings: "InferenceSettings") -> Captioner:
    model, threads = settings.caption_model, settings.threads
    if settings.caption_engine == "onnx":
        from inference.folder import ModelFolder

        folder = ModelFolder.open(_exported(model))
        from inference.onnx_engine import OnnxCaptioner

        return OnnxCaptioner(folder, threads=threads, name=model, prompt=settings.caption_prompt)
    if model == "starter":
        raise ModelError(
            "The starter model exists only for the onnx engine: set CAPTION_ENGINE=onnx, "
            "or name a Hugging Face checkpoint in CAPTION_MODEL."
        )
    try:
        from inference.hub import find
        from inference.torch_engine import TorchCaptioner
    except ModuleNotFoundError as missing:
        raise ModelError(
            f"CAPTION_ENGINE=torch needs {missing.name}: {remedy('inference,torch')}; or set CAPTION_ENGINE=onnx."
        ) from missing
    found = find(model)
    if found.model_type == TorchCaptioner.model_type:
        return TorchCaptioner(found, threads, settings.caption_prompt)
    from inference.auto_engine import AutoCaptioner

    return AutoCaptioner(found, threads, settings.caption_prompt)


def _exported(model: str) -> Path:
    """Find the exported folder of a model, exporting a checkpoint that has none yet."""
    if model == "starter":
        return STARTER
    if (Path(model) / "manifest.json").exists():
        return Path(model)
    from inference.export.cache import ensure_exported

    return ensure_exported(model)
