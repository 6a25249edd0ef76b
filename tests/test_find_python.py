"""`make` on a machine whose Python is too new: a 3.12 is fetched into the folder, or it is said what to install."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What a system with Python 3.14 alone answers when it is asked whether it suits.
TOO_NEW = "#!/bin/sh\nexit 1\n"
# In the place of the internet, where uv has its Pythons from.
FETCHES = """#!/bin/sh
mkdir -p .python/cpython-3.12.99-linux/bin && ln -s {python} .python/cpython-3.12.99-linux/bin/python3.12
"""
UNREACHABLE = "#!/bin/sh\necho 'error: dns error' >&2\nexit 2\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone on such a machine; its programs are in `bin`."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "cat", "mkdir", "ln"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    for name in ("python3", "python3.11", "python3.12"):
        program(tmp_path, name, TOO_NEW)
    return tmp_path


def program(clone: Path, name: str, text: str) -> None:
    (clone / "bin" / name).unlink(missing_ok=True)
    (clone / "bin" / name).write_text(text)
    (clone / "bin" / name).chmod(0o755)


def find(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "requirements" / "find-python"], env={"PATH": str(clone / "bin")}, capture_output=True, text=True
    )


def test_a_python_that_is_there_is_taken(clone: Path) -> None:
    program(clone, "python3.12", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    assert find(clone).stdout == f"{clone}/bin/python3.12\n"


def test_where_there_is_only_a_newer_one_a_312_is_fetched_once_and_said_so(clone: Path) -> None:
    program(clone, "uv", FETCHES.format(python=sys.executable))
    first = find(clone)
    assert (first.returncode, first.stdout) == (0, f"{clone}/.python/cpython-3.12.99-linux/bin/python3.12\n")
    assert "fetching a 3.12" in first.stderr
    program(clone, "uv", UNREACHABLE)
    again = find(clone)
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.parametrize("uv", [True, False], ids=["that cannot be reached", "without uv"])
def test_where_none_can_be_fetched_it_says_what_to_install(clone: Path, uv: bool) -> None:
    if uv:
        program(clone, "uv", UNREACHABLE)
    done = find(clone)
    assert (done.returncode, done.stdout) == (1, "")
    assert "apt install python3.12" in done.stderr and "make PYTHON=" in done.stderr
