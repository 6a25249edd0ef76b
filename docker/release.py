#!/usr/bin/env python3
"""What a release is made of, beside what is built.

docker/release.py check TAG         ends with 1 unless the tag is v and pyproject.toml's version
docker/release.py notes VERSION     that version's part of CHANGELOG.md
docker/release.py compose IMAGE     compose.yaml for a machine without a clone, with that image
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^## \[?v?([^\]\s]+).*\n", re.MULTILINE)

COMPOSE_HEAD = """\
# The whole bot on one machine, from the folder that this file is in:
#   docker compose up                       the endpoint and the web chat
#   docker compose --profile polling up     … and Slack and Telegram without a public URL
#   docker compose --profile webhooks up    … or with one, behind HTTPS on port 8080
# Tokens come from the file .env there, exported models from the folder models.
"""


def check(tag: str) -> None:
    """Hold a tag to the version. Raises ValueError with what to do."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and pyproject.toml says {version}: tag v{version}, or change the version")
    notes(version)


def notes(version: str) -> str:
    """Cut a version's part out of CHANGELOG.md, without its heading. Raises ValueError with what to do."""
    parts = HEADING.split((ROOT / "CHANGELOG.md").read_text())[1:]
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        if name == version and text.strip():
            return text.strip() + "\n"
    raise ValueError(f"CHANGELOG.md says nothing of {version}: give what is not released yet the heading ## {version}")


def compose(image: str) -> str:
    """Make of docker/compose.yaml what works without a clone: an image to fetch, and paths beside the file.

    Prometheus and Grafana stay in the clone, with the files that they are set up by.
    """
    text = (ROOT / "docker/compose.yaml").read_text()
    for pattern, replacement in (
        (r"\A(#.*\n)+", COMPOSE_HEAD),
        (r"image: \$\{CAPTIONBOT_IMAGE:-captionbot\}", f"image: {image}"),
        (r"  build:\n(    .*\n)+", ""),
        (r"path: \.\./\.env", "path: .env"),
        (r"- \.\./models:", "- ./models:"),
        (r"  prometheus:\n(.*\n)*(?=volumes:\n)", ""),
        (r"  metrics:\n\Z", ""),
    ):
        text, count = re.subn(pattern, replacement, text)
        if count != 1:
            raise ValueError(f"docker/compose.yaml has {pattern!r} {count} times, and not once")
    return text


def main(arguments: list[str]) -> None:
    """Run one of the three commands."""
    try:
        match arguments:
            case ["check", tag]:
                check(tag)
            case ["notes", version]:
                print(notes(version), end="")
            case ["compose", image]:
                print(compose(image), end="")
            case _:
                sys.exit(__doc__)
    except ValueError as error:
        sys.exit(f"release: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
