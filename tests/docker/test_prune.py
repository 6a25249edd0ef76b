"""Packages in the images are without the tests that they came with, and with all else."""

import subprocess
from pathlib import Path

from tests.docker.templates import ROOT

TESTS = ("pandas/tests/io/test_csv.py", "onnx/test/data.bin", "numpy/conftest.py", "numpy/extra/test_extra.py")
OTHERS = ("numpy/testing/helper.py", "jinja2/tests.py", "torch/test_operators.py", "streamlit/testing/v1/app.py")


def test_tests_go_and_what_only_sounds_like_them_stays(tmp_path: Path) -> None:
    for name in (*TESTS, *OTHERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("import os\nimport pytest\n" if name in TESTS else "import os\n")
    subprocess.run([ROOT / "docker/prune", tmp_path], check=True)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(OTHERS)


def test_a_folder_of_tests_in_another_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a/tests/b/tests").mkdir(parents=True)
    subprocess.run([ROOT / "docker/prune", tmp_path], check=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]
