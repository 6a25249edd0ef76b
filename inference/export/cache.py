"""Checkpoints that were exported by themselves, because `CAPTION_MODEL` named them."""

import hashlib
import logging
import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from inference.captioner import ModelError
from inference.manifest import MANIFEST

log = logging.getLogger(__name__)


def ensure_exported(model: str, progress: Callable[[str], None] = log.info) -> Path:
    """Find the exported folder of a checkpoint, exporting it once if torch is installed.

    Raises ModelError, which names the command to run where torch is not installed.
    """
    pattern = _pattern(model)
    if found := _newest(pattern):
        return found
    if find_spec("torch") is None:
        raise ModelError(
            f"CAPTION_MODEL={model} is a checkpoint, and the onnx engine runs exported models. Where "
            f"torch is (`make install` in a clone brings it), run `captionbot export {model} FOLDER`; then set "
            "CAPTION_MODEL to that folder."
        )
    return _export_once(model, pattern, progress)


def find_exported(model: str) -> Path | None:
    """Find the exported folder of a checkpoint if there is one already. Raises ModelError for a folder of neither."""
    return _newest(_pattern(model))


def _pattern(model: str) -> str:
    """Name the folder of a checkpoint's export, with a wildcard for a revision that only the hub knows."""
    local = Path(model).is_dir()
    if local and not (Path(model) / "config.json").exists():
        raise ModelError(
            f"CAPTION_MODEL={model} is a folder with neither a manifest.json nor a config.json: "
            "name an exported model, a checkpoint, or starter."
        )
    name = re.sub(r"[^\w.-]+", "--", str(Path(model).resolve()) if local else model).strip("-")
    return f"{name}@{_fingerprint(Path(model))}" if local else f"{name}@*"


def _export_once(model: str, pattern: str, progress: Callable[[str], None]) -> Path:
    """Export while no other process does; who comes second finds the folder of the first."""
    from filelock import FileLock

    from inference.export.exporter import export
    from inference.hub import find

    found = find(model)
    folder = _root() / pattern.replace("*", found.revision or "")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not (folder / MANIFEST).exists():
            progress(f"Exporting {model} once, into {folder}")
            progress(str(export(found, folder, progress=progress)))
    return folder


def _root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "captionbot"


def _newest(pattern: str) -> Path | None:
    """The latest finished export that fits, so that no network is needed to find it."""
    finished = list(_root().glob(f"{pattern}/{MANIFEST}"))
    return max(finished, key=lambda manifest: manifest.stat().st_mtime).parent if finished else None


def _fingerprint(checkpoint: Path) -> str:
    """Stand in for the revision of a local checkpoint: names, sizes and times of its files."""
    files = sorted(file for file in checkpoint.iterdir() if file.is_file())
    facts = [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
