"""What an image may hold: the packages of its lock, no other's, and nothing that only builds or tests need."""

import re
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name

from tests.docker.test_locks import PIN
from tests.images.engine import Engine

DIST_INFO = re.compile(r"^([A-Za-z0-9_.]+)-([^-/]+)\.dist-info/METADATA$")
COMPILERS = re.compile(
    r"^(\w+-)*(gcc|g\+\+|cpp|clang|clang\+\+|gfortran|gold|tcc|cc|c\+\+|c[89]9|as|ld(\.(bfd|gold|lld))?"
    r"|make|cmake|rustc|cargo|go)(-[\d.]+)?$"
)
INSTALLERS = {"uv", "uvx", "pip", "pip3", "poetry", "conda"}
# Where Debian's and Amazon's tools keep what they fetched, and what installers, linters and test runners keep.
CACHES = re.compile(
    r"(^|/)(\.cache|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.hypothesis|pip-wheel-metadata|node_modules)/"
)
TESTS = re.compile(r"(^|/)(tests?/|conftest\.py$|test_[^/]*\.py$)")
# Modules whose names begin like a test's, and which are none.
NO_TESTS = re.compile(r"/(aiohttp/test_utils|annotated_types/test_cases)\.py$")


def files(engine: Engine, image: str) -> list[str]:
    """List the paths of an image's files, without the leading slash."""
    container = engine.run("create", image)
    try:
        with subprocess.Popen(
            engine.command("export", container), env=engine.environment, stdout=subprocess.PIPE
        ) as export:
            assert export.stdout is not None
            with tarfile.open(fileobj=export.stdout, mode="r|") as tar:
                found = [entry.name.removeprefix("./") for entry in tar if not entry.isdir()]
    finally:
        engine.run("rm", "--force", container)
    if export.returncode:
        raise RuntimeError(f"{engine.name} export {image} failed")
    return found


def packages(paths: Iterable[str], folder: str) -> dict[str, str]:
    """Read which distributions, in which version, are installed in a folder ("var/task")."""
    beginning = folder + "/"
    inside = (path.removeprefix(beginning) for path in paths if path.startswith(beginning))
    found = (match.groups() for path in inside if (match := DIST_INFO.match(path)))
    return {canonicalize_name(name): version for name, version in found}


def locked(text: str) -> dict[str, str]:
    """Read which distributions a lock names."""
    return {canonicalize_name(name): version for name, version in PIN.findall(text)}


def differences(installed: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Tell in what installed packages differ from those of a lock."""
    return [
        f"{name}: {installed.get(name, 'missing')}, and the lock has {wanted.get(name, 'none')}"
        for name in sorted(installed.keys() | wanted.keys())
        if installed.get(name) != wanted.get(name)
    ]


def unwanted(paths: Iterable[str], base: Iterable[str]) -> list[str]:
    """List what has no business in an image: compilers wherever they are; of what lies above the base the rest, too."""
    below = set(base)
    return [path for path in paths if _compiler(path) or (path not in below and _only_for_building(path))]


def _compiler(path: str) -> bool:
    return "bin" in PurePosixPath(path).parts[:-1] and bool(COMPILERS.match(PurePosixPath(path).name))


def _only_for_building(path: str) -> bool:
    parts = PurePosixPath(path).parts
    installer = "bin" in parts[:-1] and parts[-1] in INSTALLERS
    cache = CACHES.search(path) or path.startswith(("var/cache/", "var/lib/apt/lists/", "tmp/", "root/"))
    return installer or bool(cache) or bool(TESTS.search(path) and not NO_TESTS.search(path))
