"""What goes into each Lambda image on top of AWS's own base, beside the first version's way.

`python -m tests.bench.bench_size` prints the table; `report` returns it.
"""

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import installed

ROOT = Path(__file__).parents[2]
PARAMETERS = 34_200_000  # of cnmoro/mini-image-captioning, four bytes each
# What the Dockerfiles copy of ours.
CAPTIONER = ("common", "common/images", "inference")
WEBHOOKS = ("common", "common/images", "bot", "bot/slack", "bot/telegram", "webhooks", "webhooks/aws")


def report() -> str:
    """Measure the images, as a table."""
    starter = installed.of_folder(ROOT / "inference" / "starter")
    rows = {
        "captioner": (packages("inference"), code(*CAPTIONER), starter),
        "captioner, the first version's way": (installed.megabytes(installed.MVP), 0.0, 4e-6 * PARAMETERS),
        "front doors and worker": (packages("webhooks"), code(*WEBHOOKS), 0.0),
    }
    lines = ["| MB | packages | code | model | together |", "|---|---:|---:|---:|---:|"]
    for name, parts in rows.items():
        lines.append(f"| {name} | {' | '.join(f'{part:.1f}' for part in (*parts, sum(parts)))} |")
    return "\n".join(
        [
            *lines,
            "",
            "Ours is what the Dockerfiles unpack for ARM64, with its bytecode and the starter model. The first "
            f"version's way is torch without CUDA (for {os.uname().machine}), transformers, and the production "
            "checkpoint in fp32.",
        ]
    )


def packages(lock: str) -> float:
    """Megabytes of the wheels that a lock names, unpacked for ARM64."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [str(ROOT / "docker" / "unpack"), "arm64", folder, str(ROOT / "docker" / "requirements" / f"{lock}.txt")],
            check=True,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        return _megabytes(folder)


def code(*names: str) -> float:
    """Megabytes of the modules in some folders of ours."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            Path(folder, name).mkdir(parents=True)
            for module in (ROOT / name).glob("*.py"):
                shutil.copy(module, Path(folder, name))
        return _megabytes(folder)


def _megabytes(folder: str) -> float:
    """Sum a folder's files and their bytecode, which the images hold too."""
    compileall.compile_dir(folder, quiet=2)
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    print(report())
