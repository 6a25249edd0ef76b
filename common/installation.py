"""How captionbot came to this machine, as a clone, a wheel or an image: its version, and how to get what it lacks."""

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "photo-captionbot"
HERE = Path(__file__).parents[1]
# What a release was built of; whoever builds one writes it, for neither a wheel nor an image has git to ask.
COMMIT = Path(__file__).with_name("COMMIT")


def remedy(extras: str) -> str:
    """Say what brings the packages of some extras ("inference,torch"), however captionbot was installed.

    A file or folder that it was installed from is on record: https://packaging.python.org/specifications/direct-url.
    """
    # Imported by all, and asked by few: the functions of Lambda start without it.
    from importlib.metadata import PackageNotFoundError, distribution

    if (HERE / "pyproject.toml").is_file():
        return f"run `make install` in {HERE}, or pip install --editable '{HERE}[{extras}]'"
    try:
        record = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return _in_an_image(extras)
    if record is None:
        return f"pip install '{NAME}[{extras}]'"
    url: str = json.loads(record)["url"]
    parts = urlsplit(url)
    if parts.scheme == "file" and not (source := Path(unquote(parts.path))).exists():
        # An image is built from a folder, and does not hold it.
        again = f"install the wheel again, with its extras: pip install '{source.name}[{extras}]'"
        return again if source.suffix == ".whl" else _in_an_image(extras)
    return f"pip install '{NAME}[{extras}] @ {url}'"


def version() -> str:
    """Tell the version, and the commit where it is known: "0.1.0 (1a2b3c4d5e6f)"."""
    from importlib.metadata import version

    number = version(NAME)
    commit = COMMIT.read_text().strip() if COMMIT.is_file() else _head()
    return f"{number} ({commit[:12]})" if commit else number


def _head() -> str:
    """The commit of a clone; "" where there is none, or no git."""
    import subprocess

    if not (HERE / ".git").exists():
        return ""
    asked = ["git", "-C", str(HERE), "rev-parse", "HEAD"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 (no input)
    except (OSError, subprocess.CalledProcessError):
        return ""


def _in_an_image(extras: str) -> str:
    return f"this image was built without it; build one with the extras {extras}"
