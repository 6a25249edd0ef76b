"""Where an export is written to: what may be replaced, what is said of a full disk, how a folder gets to its place."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.captioner import ModelError
from inference.manifest import MANIFEST

FULL = 4096  # bytes: with less than that left, it was the disk, whatever the library that wrote calls it


def require_free(folder: Path) -> None:
    """Raise ModelError where an export into the folder would replace something else than an exported model."""
    if folder.exists() and not (folder / MANIFEST).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ModelError(f"{folder} exists and is not an exported model. Name another folder, or empty this one.")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what writing below a folder's parent trips over into a sentence. Raises ModelError."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) else None
        if getattr(error, "errno", None) == errno.ENOSPC or _is_full(folder.parent):
            raise ModelError(
                f"{folder} cannot be written: the disk is full. Make room (an export needs four times the checkpoint's "
                "size for a while), or name a folder on another disk."
            ) from error
        if reason is not None:
            raise ModelError(f"{folder} cannot be written ({reason}). Name a folder that can be.") from error
        raise


def put(made: Path, folder: Path) -> None:
    """Move a complete folder to its place, and the one before it out of the way: also that of who came first."""
    while True:
        try:
            made.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        replaced = made.with_name("replaced")
        try:
            folder.rename(replaced)
        except FileNotFoundError:  # somebody else is doing the same
            continue
        shutil.rmtree(replaced)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL
    except OSError:
        return False
