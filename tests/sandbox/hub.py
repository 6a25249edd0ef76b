"""A Hugging Face hub on this machine: the part of its protocol with which models are looked up and downloaded.

The addresses, headers and error codes are those of https://huggingface.co/docs/hub/api and of huggingface_hub's
`hf_raise_for_status`. What asks for anything else is told so, and the test that asked fails.
"""

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

COMMIT = hashlib.sha1(b"the only commit", usedforsecurity=False).hexdigest()
_MODEL = r"(?P<model>[\w.-]+/[\w.-]+)"
_INFO = re.compile(rf"/api/models/{_MODEL}(/revision/main)?")
_TREE = re.compile(rf"/api/models/{_MODEL}/tree/{COMMIT}")
_FILE = re.compile(rf"/{_MODEL}/resolve/{COMMIT}/(?P<path>.+)")


@dataclass
class Hub:
    """Models by their ids, each a folder. Of those in `gated` everybody sees which files there are, and nobody them."""

    models: dict[str, Path] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        assert kind is not None or not self.strange, self.strange

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            if found := _INFO.fullmatch(path) or _TREE.fullmatch(path):
                folder = hub.models.get(found["model"])
                if folder is None:
                    # To who has no token a model that is not there looks like one that is private.
                    self._refuse(401, "RepoNotFound", "Invalid username or password.")
                elif "/tree/" in path:
                    self._json([_entry(file) for file in sorted(folder.iterdir()) if file.is_file()])
                else:
                    gated = "manual" if found["model"] in hub.gated else False
                    self._json({"id": found["model"], "sha": COMMIT, "private": False, "gated": gated, "siblings": []})
            elif (found := _FILE.fullmatch(path)) and found["model"] in hub.models:
                if found["model"] in hub.gated:
                    name = found["model"]
                    self._refuse(401, "GatedRepo", f"Access to model {name} is restricted. You must have access to it.")
                elif (file := hub.models[found["model"]] / found["path"]).is_file():
                    self._file(file)
                else:
                    self._refuse(404, "EntryNotFound", "Entry not found")
            elif path == "/api/agent-harnesses":  # of no concern to models
                self._refuse(404, "", "Not found")
            else:
                hub.strange.append(f"{self.command} {self.path}")
                self._refuse(404, "", "This hub knows no such address")

        def _json(self, content: object) -> None:
            self._answer(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

        def _file(self, file: Path) -> None:
            data = file.read_bytes()
            self._answer(200, data, {"ETag": f'"{_blob(data)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"})

        def _refuse(self, status: int, code: str, message: str) -> None:
            headers = {"X-Error-Code": code, "X-Error-Message": message, "Content-Type": "text/plain"}
            self._answer(status, message.encode(), {name: value for name, value in headers.items() if value})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: `asked` tells."""

    return Handler


def _entry(file: Path) -> dict[str, object]:
    data = file.read_bytes()
    return {"type": "file", "path": file.name, "size": len(data), "oid": _blob(data)}


def _blob(data: bytes) -> str:
    """Git's id of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
