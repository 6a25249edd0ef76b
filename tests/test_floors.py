"""The floors of the house hold, and what would break them is found (the contracts are in pyproject.toml)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("cli", "webhooks", "bot", "inference", "common", "training")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": f"{folder}:{ROOT}"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, tmp_path / floor, ignore=shutil.ignore_patterns("*.bin", "__pycache__"))
    return tmp_path


def test_the_floors_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("common/port.py", "import bot.errors"),
        ("common/port.py", "def late():\n    from inference.captioner import Deadline"),
        ("common/port.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import cli.main"),
        ("inference/gate.py", "import bot.client"),
        ("bot/client.py", "from inference import captioner"),
        ("bot/client.py", "from webhooks.inbox import Event"),
        ("webhooks/inbox.py", "import inference.settings"),
        ("webhooks/local/jobs.py", "def late():\n    import cli.run"),
        ("cli/main.py", "from training import train"),
        ("training/words.py", "import bot.messages"),
        ("webhooks/inbox.py", "def late():\n    from webhooks.opening import open_inbox"),
        ("inference/captioner.py", "from inference.loading import load_captioner"),
    ],
)
def test_an_import_that_runs_upwards_or_round_is_found(house: Path, file: str, line: str) -> None:
    with (house / file).open("a") as module:
        module.write(f"\n{line}\n")
    done = lint(house)
    assert done.returncode == 1, done.stdout + done.stderr
    assert file.removesuffix(".py").replace("/", ".") in done.stdout
