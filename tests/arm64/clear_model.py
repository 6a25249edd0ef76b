"""Make a model whose captions hang on no rounding, and photos for it: `python -m tests.arm64.clear_model FOLDER`.

It is a random checkpoint whose logits lie far apart. It is exported without int8, which turns a difference in a float's
sixth digit into one in its second.
"""

import sys
from pathlib import Path

from inference.export.exporter import export
from tests.inference import checkpoints


def main(folder: Path) -> None:
    photos = folder / "photos"
    photos.mkdir(parents=True)
    checkpoints.photos(photos, 6)
    print(export(str(checkpoints.save(folder / "checkpoint", "vit", "bert")), folder / "model", "auto"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
