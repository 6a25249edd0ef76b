"""What `make` installs: locked, hashed, and to be had as wheels on every system that captionbot is set up on."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docker.test_locks import HASHED, PIN

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {
    "demo": ("inference", "bot", "webhooks", "web"),
    "everything": tuple(PROJECT["optional-dependencies"]),
}
SYSTEMS = ("x86_64-manylinux_2_34", "aarch64-manylinux_2_34", "aarch64-apple-darwin")

locks = pytest.mark.parametrize("lock", EXTRAS)


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text()


@locks
def test_a_lock_covers_its_extras(lock: str) -> None:
    wanted = [
        *PROJECT["dependencies"],
        *(line for extra in EXTRAS[lock] for line in PROJECT["optional-dependencies"][extra]),
    ]
    found = dict(PIN.findall(text_of(lock)))
    for requirement in map(Requirement, wanted):
        if requirement.name == "torch":  # which comes without CUDA from elsewhere
            assert requirement.name not in found
            continue
        version = found.get(canonicalize_name(requirement.name))
        assert version is not None and version in requirement.specifier, f"{requirement} in {lock}.txt: make lock"


@locks
def test_every_package_has_hashes_and_nothing_names_another_place(lock: str) -> None:
    text = text_of(lock)
    assert len(HASHED.findall(text)) == len(PIN.findall(text)) > 0
    assert "://" not in text and " @ " not in text
    assert not [name for name, _ in PIN.findall(text) if name.startswith(("nvidia", "triton", "cuda"))]


def test_all_locks_say_the_same_versions() -> None:
    everything = dict(PIN.findall(text_of("everything")))
    for lock in (ROOT / "requirements/demo.txt", *(ROOT / "docker" / "requirements").glob("*.txt")):
        for name, version in PIN.findall(lock.read_text()):
            assert name == "torch" or version == everything[name], f"{name} in {lock.name}: make lock"


@locks
@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_package_has_a_wheel(lock: str, python: str, system: str, tmp_path: Path) -> None:
    # Only what the wheels say of themselves is downloaded.
    plan = subprocess.run(
        [
            *(Path(sys.executable).with_name("uv"), "pip", "install", "--dry-run", "--target", tmp_path),
            *("--python-version", python, "--python-platform", system, "--require-hashes", "--no-deps"),
            *("--only-binary", ":all:", "--requirements", ROOT / "requirements" / f"{lock}.txt"),
        ],
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"},
        capture_output=True,
        text=True,
    )
    assert plan.returncode == 0, plan.stderr
    assert "Would install" in plan.stderr
