"""An exported model on disk, and the proof that its files are the ones that were exported."""

import hashlib
import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from inference.captioner import ModelError
from inference.manifest import DECODER, ENCODER, EXPORT_AGAIN, TOKENIZER, Manifest, read_manifest


@dataclass(frozen=True)
class ModelFolder:
    """A folder whose files have been verified."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the manifest and verify every file against it.

        Raises ModelError, which names the file, when one is missing, truncated or altered, or of an unknown format.
        """
        manifest = read_manifest(path)
        # Hashing releases the GIL, so that large files are read side by side.
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(_verify, (path / name for name in manifest.files), manifest.files.values()))
        return cls(path, manifest)

    @property
    def encoder(self) -> Path:
        """The encoder's file."""
        return self.path / ENCODER

    @property
    def decoder(self) -> Path:
        """The decoder's file."""
        return self.path / DECODER

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file."""
        return self.path / TOKENIZER


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        if not os.fstat(stream.fileno()).st_size:
            return hashlib.sha256().hexdigest()
        # Whole, because each piece would wait for Python's lock, which is busy while a process starts.
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return hashlib.sha256(content).hexdigest()


def _verify(file: Path, expected: str) -> None:
    try:
        found = digest(file)
    except FileNotFoundError:
        raise ModelError(f"{file} is missing. {EXPORT_AGAIN}") from None
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}). {EXPORT_AGAIN}") from None
    if found != expected:
        raise ModelError(f"{file} is truncated or altered: its checksum is not the manifest's. {EXPORT_AGAIN}")
