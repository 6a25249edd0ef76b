"""What a release says and brings along, beside what is built."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.templates import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
CHANGES = f"""# Changes

## Not released yet

- Something new.

## {VERSION} (2026-12-24)

- The bot sings.
- It can be asked not to.

## 0.0.9

- The first.
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "docker").mkdir()
    for file in ("pyproject.toml", "docker/release.py", "docker/compose.yaml"):
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    return tmp_path


def release(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, clone / "docker/release.py", *arguments], capture_output=True, text=True)


def test_a_tag_that_is_the_version_is_released(clone: Path) -> None:
    done = release(clone, "check", f"v{VERSION}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("tag", [VERSION, f"v{VERSION}rc1", f"v{VERSION}.1", "v", ""])
def test_another_tag_is_not_and_it_says_which_one_would_be(clone: Path, tag: str) -> None:
    done = release(clone, "check", tag)
    assert done.returncode == 1
    assert f"tag v{VERSION}, or change the version" in done.stderr


@pytest.mark.parametrize(
    "text", [CHANGES.replace(VERSION, "9.9.9"), f"# Changes\n\n## {VERSION}\n\n## 0.0.9\n\n- The first.\n"]
)
def test_a_version_of_which_nothing_is_said_is_not_released(clone: Path, text: str) -> None:
    (clone / "CHANGELOG.md").write_text(text)
    done = release(clone, "check", f"v{VERSION}")
    assert done.returncode == 1
    assert f"give what is not released yet the heading ## {VERSION}" in done.stderr


def test_the_notes_are_the_version_s_part_of_the_changes(clone: Path) -> None:
    assert release(clone, "notes", VERSION).stdout == "- The bot sings.\n- It can be asked not to.\n"
    assert release(clone, "notes", "0.0.9").stdout == "- The first.\n"
    assert release(clone, "notes", "9.9.9").returncode == 1


def test_a_version_in_brackets_is_found_too(clone: Path) -> None:
    (clone / "CHANGELOG.md").write_text(f"## [{VERSION}] - 2026-12-24\n- New.\n")
    assert release(clone, "notes", VERSION).stdout == "- New.\n"


def test_the_compose_file_of_a_release_needs_no_clone(clone: Path) -> None:
    image = "ghcr.io/owner/repository@sha256:0123"
    text = release(clone, "compose", image).stdout
    assert "docker/" not in text and ".." not in text
    made: dict[str, Any] = yaml.safe_load(text)
    whole: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
    assert set(whole["services"]) - set(made["services"]) == {"prometheus", "grafana"}
    assert set(made["volumes"]) == {"inbox"}
    for name, service in made["services"].items():
        assert service.pop("image") == image
        assert service.pop("env_file") == [{"path": ".env", "required": False}]
        assert all(volume.split(":")[0] in {"inbox", "./models"} for volume in service.pop("volumes", []))
        theirs = whole["services"][name]
        for key in ("image", "build", "env_file", "volumes"):
            theirs.pop(key, None)
        assert service == theirs


def test_a_compose_file_that_has_changed_stops_the_release(clone: Path) -> None:
    file = clone / "docker/compose.yaml"
    file.write_text(file.read_text().replace("${CAPTIONBOT_IMAGE:-captionbot}", "captionbot"))
    done = release(clone, "compose", "image")
    assert done.returncode == 1
    assert "and not once" in done.stderr


def test_without_a_command_it_says_what_there_is(clone: Path) -> None:
    done = release(clone)
    assert done.returncode == 1
    assert "notes VERSION" in done.stderr
