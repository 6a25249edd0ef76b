"""What goes into the images: locked, hashed, and to be had as wheels for the processor of the images."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docker.templates import ROOT

LOCKS = ROOT / "docker" / "requirements"
EXTRAS = {
    "inference": ("inference",),
    "export": ("inference", "torch"),
    "webhooks": ("bot", "aws"),
    "bot": ("inference", "bot", "webhooks", "web"),
}
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)
HASHED = re.compile(
    r"^[a-z0-9][a-z0-9._-]*==\S+(?: ; [^\n]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", re.MULTILINE
)

locks = pytest.mark.parametrize("lock", sorted(EXTRAS))


def pins(lock: str) -> dict[str, str]:
    """Read the version of each package; torch, which is the same wherever it is, comes from a lock of its own."""
    texts = [(LOCKS / f"{name}.txt").read_text() for name in ((lock, "torch") if lock == "export" else (lock,))]
    return {name: version for text in texts for name, version in PIN.findall(text)}


@locks
def test_a_lock_covers_its_extras(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in EXTRAS[lock]:
        wanted += project["optional-dependencies"][extra]
    found = pins(lock)
    for requirement in map(Requirement, wanted):
        version = found.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}.txt: make lock"
        assert version in requirement.specifier, f"{lock}.txt has {requirement.name} {version}: make lock"


@pytest.mark.parametrize("lock", [*sorted(EXTRAS), "torch", "uv"])
def test_every_package_has_hashes_and_nothing_names_another_place(lock: str) -> None:
    text = (LOCKS / f"{lock}.txt").read_text()
    assert len(HASHED.findall(text)) == len(PIN.findall(text)) > 0
    assert set(re.findall(r"https?://[^/\s]+", text)) <= {"https://download.pytorch.org"}
    assert " @ " not in text


@locks
@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
def test_every_package_has_a_wheel_for_the_images(lock: str, machine: str, tmp_path: Path) -> None:
    # Only what the wheels say of themselves is downloaded.
    plan = subprocess.run(
        [
            *(Path(sys.executable).with_name("uv"), "pip", "install", "--dry-run", "--target", tmp_path),
            *("--python-version", "3.12", "--python-platform", f"{machine}-manylinux_2_34"),
            *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirements", LOCKS / f"{lock}.txt"),
        ],
        capture_output=True,
        text=True,
    )
    assert plan.returncode == 0, plan.stderr
    assert f"Would install {len(PIN.findall((LOCKS / f'{lock}.txt').read_text()))} packages" in plan.stderr


def test_no_image_but_the_reference_has_torch() -> None:
    assert [lock for lock in sorted(EXTRAS) if "torch" in pins(lock)] == ["export"]
    # Its dependencies are those of the build without CUDA.
    assert not [name for lock in EXTRAS for name in pins(lock) if name.startswith(("nvidia", "triton", "cuda"))]
