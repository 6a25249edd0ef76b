"""The three images, built, looked through and run as `make images` does it, where root has podman or docker."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.__main__ import building, prove
from tests.images.engine import Absent


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder with a short name: podman's sockets lie in it, and a socket's path has 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="images-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to build images; CONTRIBUTING.md has `make images`")
@pytest.mark.timeout(2700)
def test_the_images_are_built_and_do_what_they_are_for(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        with building(work) as engine:
            prove(engine, "starter", work)
    except Absent as absent:
        pytest.skip(str(absent))
    assert "all three images are as they should be" in capsys.readouterr().out
