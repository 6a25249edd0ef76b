"""What is told of an image's files; `make images` builds the images themselves."""

from pathlib import Path

import pytest

from tests.docker.templates import ROOT
from tests.images import bases, contents, proofs

LOCK = "msgspec==0.20.0 \\\n    --hash=sha256:0\nPyYAML==6.0.3 ; sys_platform == 'linux' \\\n    --hash=sha256:1\n"


def test_installed_packages_are_read_from_one_folder_only() -> None:
    paths = [
        "var/task/msgspec-0.20.0.dist-info/METADATA",
        "var/task/msgspec-0.20.0.dist-info/RECORD",
        "var/task/ruamel.yaml_clib-0.2.15.dist-info/METADATA",
        "var/task/setuptools/_vendor/wheel-0.45.1.dist-info/METADATA",
        "var/runtime/boto3-1.40.0.dist-info/METADATA",
    ]
    assert contents.packages(paths, "var/task") == {"msgspec": "0.20.0", "ruamel-yaml-clib": "0.2.15"}


def test_packages_that_are_not_the_lock_s_are_named() -> None:
    wanted = contents.locked(LOCK.lower())
    assert wanted == {"msgspec": "0.20.0", "pyyaml": "6.0.3"}
    assert not contents.differences(dict(wanted), wanted)
    wrong = contents.differences({"msgspec": "0.19.0", "pip": "26.0"}, wanted)
    assert wrong == [
        "msgspec: 0.19.0, and the lock has 0.20.0",
        "pip: 26.0, and the lock has none",
        "pyyaml: missing, and the lock has 6.0.3",
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("usr/bin/gcc", "usr/bin/x86_64-linux-gnu-gcc-14", "usr/bin/cc", "usr/bin/ld", "usr/bin/ld.gold"),
        *("usr/local/bin/make", "opt/llvm/bin/clang-19", "usr/bin/x86_64-linux-gnu-as"),
    ],
)
def test_a_compiler_is_found_in_the_base_too(path: str) -> None:
    assert contents.unwanted([path], [path]) == [path]


@pytest.mark.parametrize(
    "path",
    [
        *("root/.cache/uv/wheel", "root/.netrc", "var/cache/apt/archives/a.deb", "var/lib/apt/lists/a", "tmp/left"),
        *("captionbot/lib/python3.12/site-packages/pandas/tests/test_algos.py", "var/task/numpy/conftest.py"),
        *("var/task/tests/images/proofs.py", "var/task/numpy/_pyinstaller/test_pyinstaller.py"),
        *("captionbot/bin/uv", "captionbot/bin/pip", "build/.mypy_cache/3.12/x.json"),
    ],
)
def test_what_only_builds_or_tests_need_is_found_above_the_base(path: str) -> None:
    assert contents.unwanted([path], []) == [path]
    assert contents.unwanted([path], [path]) == []


def test_what_an_image_is_for_is_not_complained_about() -> None:
    paths = [
        *("captionbot/bin/captionbot", "captionbot/bin/python", "usr/bin/ld.so", "etc/ld.so.cache", "usr/bin/less"),
        *("captionbot/lib/python3.12/site-packages/numpy/testing/__init__.py", "var/task/aiohttp/test_utils.py"),
        *("var/task/common/__pycache__/app.cpython-312.pyc", "var/task/jinja2/tests.py", "opt/model/encoder.onnx"),
    ]
    assert contents.unwanted(paths, []) == []


def test_the_bases_are_those_of_the_dockerfiles() -> None:
    assert bases.named(proof.dockerfile for proof in proofs.ALL) == sorted({proof.base for proof in proofs.ALL})


def test_stages_and_arguments_are_no_bases(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM --platform=$BUILDPLATFORM debian:13 AS build\nFROM build AS more\nFROM busybox:1.37\n")
    assert bases.named([file]) == ["busybox:1.37", "debian:13"]


def test_every_dockerfile_is_proven() -> None:
    assert {proof.dockerfile for proof in proofs.ALL} == set((ROOT / "docker").glob("*.Dockerfile"))
