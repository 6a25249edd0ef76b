"""What builds and runs images here: docker where its daemon answers, else podman, which builds as buildah does.

podman gets a store and a configuration of its own, in a folder that can be deleted: images and settings of the machine
stay as they are. As root it also runs where docker could not: without systemd, and without the right to raise limits.
"""

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What every image is run with, as compose.yaml does it and Lambda does by itself.
SHUT_IN = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
REGISTRY_PATIENCE = 20.0  # seconds until a registry has said whether it has an image
PULL_PATIENCE = 600.0


class Absent(Exception):
    """Nothing here builds images, or an image cannot be had; says what to install."""


@dataclass(frozen=True)
class Engine:
    """docker or podman, and the environment that its commands run in."""

    name: str
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def command(self, *arguments: str | Path) -> list[str]:
        """Spell a command out, for `subprocess`."""
        return [self.name, *map(str, arguments)]

    def run(self, *arguments: str | Path, timeout: float | None = None) -> str:
        """Run a command to its end; its output. Raises RuntimeError with what it said when it failed."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True, timeout=timeout
        )
        if done.returncode:
            raise RuntimeError(f"{self.name} {arguments[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout.strip()

    def succeeds(self, *arguments: str, timeout: float | None = None) -> bool:
        """Run a command to its end, and tell whether it succeeded, within so many seconds."""
        try:
            self.run(*arguments, timeout=timeout)
        except (RuntimeError, subprocess.TimeoutExpired):
            return False
        return True

    def has(self, image: str) -> bool:
        """Tell whether an image is here, or comes from its registry when it is asked for."""
        return self.succeeds("image", "inspect", image) or (
            self.succeeds("manifest", "inspect", image, timeout=REGISTRY_PATIENCE)
            and self.succeeds("pull", "--quiet", image, timeout=PULL_PATIENCE)
        )

    def size(self, image: str) -> float:
        """Megabytes of an image's files."""
        return int(self.run("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def find(folder: Path) -> Engine:
    """Find what builds images here; podman keeps everything in `folder`. Raises Absent."""
    docker = Engine("docker")
    if shutil.which("docker") and docker.succeeds("info", timeout=REGISTRY_PATIENCE):
        return docker
    if not shutil.which("podman"):
        raise Absent("no docker daemon answers and there is no podman: as root, make images installs one on Debian")
    for driver in ("overlay", "vfs"):
        podman = Engine("podman", os.environ | _configuration(folder, driver))
        if podman.succeeds("info"):
            return podman
    raise Absent("podman is here and does not work: podman info says why")


def _configuration(folder: Path, driver: str) -> dict[str, str]:
    """Write podman's configuration; the variables that name it."""
    folder.mkdir(parents=True, exist_ok=True)
    limits = [f"{name}={_limit(number)}" for name, number in _LIMITS.items()]
    engine = {"cgroup_manager": "cgroupfs", "events_logger": "file", "tmp_dir": str(folder / "libpod")}
    if shutil.which("runc"):
        engine["runtime"] = "runc"  # crun refuses a machine that has both versions of cgroups
    store = {"driver": driver, "graphroot": str(folder / "store"), "runroot": str(folder / "run")}
    # Networks too, or the machine's would be deleted with what is here.
    network = {"network_config_dir": str(folder / "networks")}
    tables: dict[str, Mapping[str, str | list[str]]] = {
        "containers": {"default_ulimits": limits},
        "engine": engine,
        "network": network,
    }
    files = {
        "CONTAINERS_CONF": "".join(_table(name, values) for name, values in tables.items()),
        "CONTAINERS_STORAGE_CONF": _table("storage", store),
        "CONTAINERS_REGISTRIES_CONF": 'unqualified-search-registries = ["docker.io"]\n',
    }
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    (folder / "tmp").mkdir(exist_ok=True)
    variables = {name: str(folder / f"{name}.toml") for name in files}
    # Builds keep what they mount as a cache in TMPDIR; they run without a container, which may not raise limits either.
    return variables | {"TMPDIR": str(folder / "tmp"), "BUILDAH_ISOLATION": "chroot"}


# podman would raise these to a million, which only root with every capability may.
_LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
_MOST = 32768


def _limit(number: int) -> str:
    hard = resource.getrlimit(number)[1]
    value = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    return f"{value}:{value}"


def _table(name: str, values: Mapping[str, str | list[str]]) -> str:
    """A table of TOML, whose strings and lists are spelled as in JSON."""
    return "".join([f"[{name}]\n", *(f"{key} = {json.dumps(value)}\n" for key, value in values.items())])
