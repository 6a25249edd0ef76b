"""How to get a package that is not installed: the right words for a clone, a wheel and an image."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "photo-captionbot"
HERE = Path(__file__).parents[1]


def remedy(extras: str) -> str:
    """Say what brings the packages of some extras ("inference,torch"), however captionbot was installed.

    A file or folder that it was installed from is on record: https://packaging.python.org/specifications/direct-url.
    """
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


def _in_an_image(extras: str) -> str:
    return f"this image was built without it; build one with the extras {extras}"
