"""How to get a package that is not installed: the right words for a clone, a wheel and an image."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "photo-captionbot"


def remedy(extras: str) -> str:
    """Say what brings the packages of some extras ("inference,torch"), however captionbot was installed.

    A folder or a file that it was installed from is on record: https://packaging.python.org/specifications/direct-url.
    """
    try:
        record = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return _in_an_image(extras)
    if record is None:
        return f"pip install '{NAME}[{extras}]'"
    url: str = json.loads(record)["url"]
    if urlsplit(url).path.endswith((".whl", ".tar.gz")):
        return f"pip install '{NAME}[{extras}] @ {url}'"
    clone = Path(unquote(urlsplit(url).path))
    if (clone / "pyproject.toml").is_file():
        return f"run `make install` in {clone}, or pip install --editable '{clone}[{extras}]'"
    return _in_an_image(extras)


def _in_an_image(extras: str) -> str:
    return f"this image was built without it; build one with the extras {extras}"
