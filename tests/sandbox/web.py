"""The web chat with the sandbox's Slack and Telegram beside it: `python -m tests.sandbox.web --port 8501`.

SANDBOX_SLACK and SANDBOX_TELEGRAM are the URLs of their control requests, such as http://127.0.0.1:9101/sandbox.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

REFRESH = 1.0  # seconds


def main() -> None:
    """Serve the pages until stopped."""
    from bot.web.server import serve

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    serve(Path(__file__).with_name("web_pages.py"), "127.0.0.1", parser.parse_args().port)


class Sandbox:
    """The control requests of one of the sandbox's processes."""

    def __init__(self, setting: str) -> None:
        self._http = httpx.Client(base_url=os.environ[setting], timeout=10, trust_env=False)

    def look(self) -> str:
        """The conversation as HTML."""
        return self._http.get("look").raise_for_status().text

    def send(self, path: str, files: Sequence[tuple[str, bytes]], **fields: str) -> None:
        """Send photos, or only words, as the person of the sandbox."""
        parts: Any = [("photo", file) for file in files]
        self._http.post(path, data=fields, files=parts or None).raise_for_status()

    def say(self, fields: dict[str, str], *, as_json: bool) -> None:
        """Write words without a photo."""
        body: Any = {"json": fields} if as_json else {"data": fields}
        self._http.post("say", **body).raise_for_status()


if __name__ == "__main__":
    main()
