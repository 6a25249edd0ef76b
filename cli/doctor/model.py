"""The model folder of an endpoint on this machine: its manifest, and the checksum of each file."""

from pathlib import Path

from cli.doctor.finding import Finding, note, ok, wrong
from cli.doctor.runner import in_thread
from cli.doctor.trial import check_cost
from inference.captioner import ModelError
from inference.export.cache import find_exported
from inference.folder import ModelFolder
from inference.loading import STARTER
from inference.settings import InferenceSettings

SUBJECT = "model"
PATIENCE = 45.0  # seconds for a caption in a fresh process


async def check_model(settings: InferenceSettings) -> list[Finding]:
    """Verify the folder that the onnx engine would load, and try it; nothing is exported or downloaded for it."""
    name = settings.caption_model
    if settings.caption_engine == "torch":
        return _torch(name)
    try:
        folder = _folder(name)
        if folder is None:
            text = f"{name} has not been exported on this machine yet"
            return [note(SUBJECT, text, f"`captionbot serve` does it once, or: captionbot export {name} FOLDER")]
        opened = await in_thread(lambda: ModelFolder.open(folder))
    except ModelError as error:
        return [wrong(SUBJECT, str(error), "Or set CAPTION_MODEL=starter, which is part of captionbot.")]
    well = ok(SUBJECT, f"{name} ({opened.manifest.source}): every file is what its manifest says")
    return [well, await in_thread(lambda: check_cost(settings, PATIENCE))]


def _torch(name: str) -> list[Finding]:
    if name == "starter":
        text = "the starter model exists for the onnx engine only"
        return [wrong(SUBJECT, text, "Set CAPTION_ENGINE=onnx, or name a checkpoint in CAPTION_MODEL.")]
    return [ok(SUBJECT, f"{name}, a checkpoint for the torch engine; its files are not looked at")]


def _folder(name: str) -> Path | None:
    if name == "starter":
        return STARTER
    return Path(name) if (Path(name) / "manifest.json").exists() else find_exported(name)
