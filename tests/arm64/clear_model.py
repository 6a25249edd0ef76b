"""Make models whose captions hang on no rounding, and photos for them: `python -m tests.arm64.clear_model FOLDER`.

They are random checkpoints, one of each kind, whose logits lie far apart. They are exported without int8, which turns a
difference in a float's sixth digit into one in its second.
"""

import sys
from pathlib import Path

from inference.export.exporter import export
from inference.hub import find
from tests.inference import checkpoints, families


def main(folder: Path) -> None:
    photos = folder / "photos"
    photos.mkdir(parents=True)
    checkpoints.photos(photos, 6)
    print(export(find(str(checkpoints.save(folder / "checkpoint", "vit", "bert"))), folder / "model", "auto"))
    for kind in (families.blip, families.git, families.vit_gpt2, families.florence2):
        name = kind.__name__
        print(export(find(str(kind(folder / f"{name}-checkpoint"))), folder / name, "fp32"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
