"""What the images are built on: the real bases where a registry answers, else stand-ins made of this machine's parts.

A stand-in is Debian trixie, unpacked from its packages, with this machine's own Python 3.12 in the place where the base
has its, and for Lambda's base also AWS's runtime client. It shows that the Dockerfiles build and that what they build
works; it cannot show what is special about the real base's own files.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.images.engine import Absent, Engine

ROOT = Path(__file__).parents[2]
LAMBDA = "public.ecr.aws/lambda/python"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
PACKAGES = (
    *("base-files", "bash", "coreutils", "dash", "findutils", "grep", "libc-bin", "sed"),
    *("ca-certificates", "netbase", "tzdata"),
    # What Python and the wheels are linked with.
    *("libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8t64", "libsqlite3-0"),
    *("libssl3t64", "libstdc++6", "libuuid1", "zlib1g"),
)
SCRIPT = """#!/bin/sh
export PYTHONPATH=/var/runtime
exec python -m awslambdaric "$1"
"""


def named(dockerfiles: Iterable[Path]) -> list[str]:
    """List the images that some Dockerfiles begin with, without their own stages."""
    found: set[str] = set()
    for file in dockerfiles:
        text = file.read_text()
        stages = set(re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE))
        found |= set(re.findall(r"^FROM (?:--\S+ )*([^-\s]\S*)", text, re.MULTILINE)) - stages
    return sorted(found)


def provide(engine: Engine, base: str, folder: Path) -> str:
    """Have a base in the engine's store; says what it is. Raises Absent where neither it nor its parts can be had."""
    if engine.has(base):
        return "the real one"
    python = _python(re.findall(r":(\d+\.\d+)", base)[0])
    debian = folder / "debian"
    if not (debian / "unpacked").exists():
        _unpack(debian)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        root = Path(temporary, "root")
        shutil.copytree(debian / "root", root, symlinks=True)
        _import(engine, base, root, _furnish(root, python, lambda_=base.startswith(LAMBDA)))
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"a stand-in, for no registry answers: Debian trixie with this machine's {version}"


def _import(engine: Engine, base: str, root: Path, settings: Iterable[str]) -> None:
    changes = [word for setting in settings for word in ("--change", setting)]
    with subprocess.Popen(["tar", "-C", root, "--numeric-owner", "-c", "."], stdout=subprocess.PIPE) as tar:
        done = subprocess.run(
            engine.command("import", *changes, "-", base), stdin=tar.stdout, env=engine.environment, capture_output=True
        )
    if done.returncode or tar.returncode:
        raise RuntimeError(done.stderr.decode())


def _furnish(root: Path, python: Path, *, lambda_: bool) -> list[str]:
    """Put a Python into a stand-in, and Lambda's runtime client; what the base's configuration says."""
    prefix = "var/lang" if lambda_ else "usr/local"
    _copy_python(python, root / prefix)
    subprocess.run(["ldconfig", "-r", root], check=True)
    if not lambda_:
        return ['CMD ["python3"]', "ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    version = re.findall(r"^awslambdaric==(\S+)", (ROOT / "requirements/everything.txt").read_text(), re.MULTILINE)[0]
    subprocess.run(
        [
            *(_tool("uv"), "pip", "install", "--quiet", "--target", root / "var/runtime", "--only-binary", ":all:"),
            *("--python-version", "3.12", "--constraint", ROOT / "requirements/everything.txt"),
            f"awslambdaric=={version}",
        ],
        check=True,
    )
    (root / "var/task").mkdir()
    script = root / "lambda-entrypoint.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    return [
        "ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin",
        "ENV LD_LIBRARY_PATH=/var/lang/lib",
        "ENV LAMBDA_TASK_ROOT=/var/task",
        "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
        "WORKDIR /var/task",
        'ENTRYPOINT ["/lambda-entrypoint.sh"]',
    ]


def _python(version: str) -> Path:
    """Find this machine's Python of a version: its own, pyenv's, or the one that make fetched."""
    name = f"python{version}"
    found = [Path(path) for path in [shutil.which(name)] if path]
    found += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin/{name}"))
    found += sorted(ROOT.glob(f".python/cpython-{version}.*/bin/{name}"))
    for python in found:
        if not subprocess.run([python, "--version"], capture_output=True).returncode:
            return python
    raise Absent(f"no registry answers, and a stand-in needs a Python {version} on this machine, as pyenv installs it")


def _copy_python(python: Path, prefix: Path) -> None:
    """Copy a Python as the bases have it: with pip, and without the tests of its library and what others added."""
    paths = ("stdlib", "platstdlib", "LIBDIR", "INSTSONAME", "Py_ENABLE_SHARED")
    script = f"import sysconfig as s\nfor n in {paths}: print(s.get_path(n) if n.islower() else s.get_config_var(n))"
    asked = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    library, _, folder, shared, is_shared = asked
    binary = subprocess.run(
        [python, "-c", "import os, sys; print(os.path.realpath(sys.executable))"], capture_output=True, text=True
    ).stdout.strip()
    name = Path(library).name
    without = shutil.ignore_patterns(
        "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "config-*", "__pycache__"
    )
    target = prefix / "lib" / name
    shutil.copytree(library, target, symlinks=True, ignore=without)
    pip = Path(sysconfig.get_path("purelib")) / "pip"
    shutil.copytree(pip, target / "site-packages/pip", ignore=shutil.ignore_patterns("__pycache__"))
    if is_shared == "1":
        shutil.copy(Path(folder) / shared, prefix / "lib" / shared)
    (prefix / "bin").mkdir(exist_ok=True)
    shutil.copy(binary, prefix / "bin" / name)
    for link in ("python", "python3"):
        (prefix / "bin" / link).symlink_to(name)
    starter = prefix / "bin/pip"
    starter.write_text(f'#!/bin/sh\nexec {name} -m pip "$@"\n')
    starter.chmod(0o755)


def _unpack(folder: Path) -> None:
    """Fetch Debian's packages with apt, in a state of its own, and unpack them: no daemon, no chroot. Raises Absent."""
    if not (shutil.which("apt-get") and KEYRING.exists()):
        raise Absent(f"no registry answers, and a stand-in needs apt-get and {KEYRING} (debian-archive-keyring)")
    root, archives = folder / "root", folder / "archives"
    shutil.rmtree(folder, ignore_errors=True)
    for part in (root, folder / "lists/partial", archives / "partial"):
        part.mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] http://deb.debian.org/debian trixie main\n")
    options = [
        *("APT::Sandbox::User=root", f"Dir::Etc::SourceList={folder}/sources.list", "Dir::Etc::SourceParts=/dev/null"),
        *(f"Dir::State::Lists={folder}/lists", f"Dir::State::Status={folder}/status", "Acquire::Languages=none"),
        *(
            f"Dir::Cache::Archives={archives}",
            "Dir::Cache::pkgcache=",
            "Dir::Cache::srcpkgcache=",
            "Debug::NoLocking=1",
        ),
    ]
    apt = ["apt-get", "-qq", "-y", *(word for option in options for word in ("-o", option))]
    for command in (["update"], ["--no-install-recommends", "--download-only", "install", *PACKAGES]):
        done = subprocess.run([*apt, *command], capture_output=True, text=True)
        if done.returncode:
            raise Absent(f"no registry answers, and Debian's packages cannot be fetched for a stand-in: {done.stderr}")
    # base-files has the links /bin, /lib and /sbin, which others are unpacked through.
    for package in sorted(archives.glob("*.deb"), key=lambda path: not path.name.startswith("base-files_")):
        subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (root / "etc/group").write_text("root:x:0:\n")
    # Builds fetch packages as this machine does: it may be behind a proxy with a certificate of its own.
    shutil.copy(Path("/") / CERTIFICATES, root / CERTIFICATES)
    (root / "etc/pip.conf").write_text(f"[global]\ncert = /{CERTIFICATES}\n")
    (root / "etc/uv").mkdir()
    (root / "etc/uv/uv.toml").write_text("system-certs = true\n")
    (folder / "unpacked").touch()


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
