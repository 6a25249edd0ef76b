"""`captionbot models`, its page, and the file that both tell of."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from inference.models import HEADINGS, KNOWN, Figures, Measured, measured, rows
from tests.commands import captionbot

ROOT = Path(__file__).parents[2]


def test_the_models_are_listed_with_what_was_measured_of_them(tmp_path: Path) -> None:
    done = captionbot("models", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [heading in lines[0] for heading in HEADINGS] == [True] * len(HEADINGS)
    listed = {line.split()[0]: line for line in lines[1 : 1 + len(KNOWN)]}
    assert set(listed) == {model.name for model in KNOWN}
    for name, figures in measured().models.items():
        assert f"{figures.milliseconds:,.0f} ms" in listed[name]
        assert f"{figures.megabytes:,.0f} MB" in listed[name]
    assert f"Measured on {measured().machine}." in done.stdout


def test_programs_get_them_as_json(tmp_path: Path) -> None:
    told = json.loads(captionbot("models", "--json", cwd=tmp_path).stdout)
    assert [model["name"] for model in told["models"]] == [model.name for model in KNOWN]
    assert told["measured_on"] == measured().machine
    assert {model["name"]: model["measured"] for model in told["models"] if model["measured"]} == {
        name: msgspec.to_builtins(figures) for name, figures in measured().models.items()
    }


def test_what_was_not_measured_is_left_empty() -> None:
    table = rows(Measured(machine="a slow one", models={"starter": Figures(milliseconds=1234.4, megabytes=99)}))
    cells = {row[0]: row[HEADINGS.index("a caption") :][:2] for row in table}
    assert cells.pop("starter") == ("1,234 ms", "99 MB")
    assert set(cells.values()) == {("", "")}


@pytest.mark.parametrize("name", [model.name for model in KNOWN if model.engine == "onnx" and model.name != "starter"])
def test_what_is_said_to_export_is_of_a_kind_that_does(name: str) -> None:
    from inference.export.families import family_of

    kinds = {"blip": "blip", "git-": "git", "Florence": "florence2"}
    kind = next((kind for part, kind in kinds.items() if part in name), "vision-encoder-decoder")
    assert family_of(kind) is not None


def test_the_page_is_what_the_file_says() -> None:
    checked = subprocess.run([sys.executable, "-m", "docs.models", "--check"], cwd=ROOT, check=False)
    assert checked.returncode == 0, "run: .venv/bin/python -m docs.models"
