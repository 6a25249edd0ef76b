"""The wheel, and how a missing package is to be had from a clone, a wheel and an image."""

import json
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from common.installation import NAME

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of the files that git knows, as a release is."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("docs/", "tests/")) and (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", out, source], check=True)
    [built] = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_five_floors_and_the_starter(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cli", "webhooks", "bot", "inference", "common"}
    for folder, pattern in (("inference/starter", "*"), ("common/samples", "*.jpg"), ("bot/slack", "*.yaml")):
        wanted = {file.relative_to(ROOT).as_posix() for file in (ROOT / folder).glob(pattern)}
        assert wanted and wanted <= set(names)


def remedy(folder: Path, extras: str) -> str:
    """What is said by the captionbot in a folder; nothing else is installed there."""
    return said_in(folder, f"from common.installation import remedy; print(remedy({extras!r}))")


def said_in(folder: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_who_installed_a_wheel_is_told_to_install_it_with_the_extra(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([UV, "pip", "install", "--quiet", "--no-deps", "--target", tmp_path, wheel], check=True)
    said = remedy(tmp_path, "bot,webhooks")
    requirement = Requirement(said.removeprefix("pip install '").removesuffix("'"))
    assert (requirement.name, requirement.extras) == (NAME, {"bot", "webhooks"})
    assert requirement.url == wheel.as_uri()
    moved = wheel.rename(wheel.with_suffix(".moved"))
    assert f"pip install '{wheel.name}[bot]'" in remedy(tmp_path, "bot")
    moved.rename(wheel)


def test_who_works_in_a_clone_is_told_of_make_and_of_the_extra(tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    shutil.copytree(ROOT / "common", clone / "common", ignore=shutil.ignore_patterns("__pycache__", "samples"))
    (clone / "pyproject.toml").touch()
    assert remedy(clone, "aws") == f"run `make install` in {clone}, or pip install --editable '{clone}[aws]'"


def test_who_installed_it_by_name_is_told_the_name(tmp_path: Path) -> None:
    installed(tmp_path, None)
    assert remedy(tmp_path, "aws") == f"pip install '{NAME}[aws]'"


@pytest.mark.parametrize("built", [True, False], ids=["of a folder that is gone", "of copied modules"])
def test_who_runs_an_image_is_told_that_it_was_built_without(tmp_path: Path, built: bool) -> None:
    shutil.copytree(ROOT / "common", tmp_path / "common", ignore=shutil.ignore_patterns("__pycache__", "samples"))
    if built:
        installed(tmp_path, {"url": "file:///build", "dir_info": {}})
    assert remedy(tmp_path, "torch") == "this image was built without it; build one with the extras torch"


def installed(folder: Path, record: dict[str, object] | None) -> None:
    """Lay down what an installer leaves of where a distribution came from."""
    if not (folder / "common").exists():
        shutil.copytree(ROOT / "common", folder / "common", ignore=shutil.ignore_patterns("__pycache__", "samples"))
    metadata = folder / f"{NAME.replace('-', '_')}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1\n")
    if record is not None:
        (metadata / "direct_url.json").write_text(json.dumps(record))


def test_the_version_tells_the_commit_of_a_clone_or_of_a_release(tmp_path: Path) -> None:
    here = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    assert here.stdout == f"captionbot {version(NAME)} ({head[:12]})\n"
    installed(tmp_path, None)
    assert told(tmp_path) == "1"
    (tmp_path / "common" / "COMMIT").write_text("f" * 40 + "\n")
    assert told(tmp_path) == f"1 ({'f' * 12})"


def told(folder: Path) -> str:
    return said_in(folder, "from common.installation import version; print(version())")
