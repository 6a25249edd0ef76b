"""The endpoint on a real port, and captioners that show what a request does to one."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from PIL.Image import Image

from common.contract import Detail
from common.server import protocol
from inference.captioner import Caption, Captioner, Deadline
from inference.endpoint import create_app
from inference.settings import InferenceSettings
from tests.inference.images import encoded, photo
from tests.uvicorn_thread import running

JPEG = encoded(photo(), "JPEG")
HEAD = b"POST /caption HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"


PATIENT = InferenceSettings(caption_deadline=600)  # for a busy machine


@contextmanager
def serving(settings: InferenceSettings, captioner: Captioner | None = None) -> Iterator[str]:
    """The endpoint on a free port, served as `captionbot serve` does; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    config = uvicorn.Config(
        create_app(settings, captioner),
        http=protocol(settings.caption_deadline),
        log_config=None,
        access_log=False,
        forwarded_allow_ips=list(settings.trusted_proxies),
        lifespan="on",
        timeout_graceful_shutdown=5,  # or a test that fails with a connection open would never end
    )
    with listener, running(config, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class Slow:
    """A captioner whose steps take long; `stopped` is set when one is told to stop, `most` were at work at once."""

    model, engine, input_size = "slow", "onnx", (224, 224)
    details: tuple[Detail, ...] = ("short",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.confidence: float | None = None
        self.most = 0
        self._working: set[int] = set()
        self.started = threading.Event()
        self.stopped = threading.Event()

    def caption(self, image: Image, deadline: Deadline, alternatives: int = 0, detail: Detail = "short") -> Caption:
        self.started.set()
        self._working.add(threading.get_ident())
        self.most = max(self.most, len(self._working))
        end = time.monotonic() + self.seconds
        try:
            while time.monotonic() < end:
                deadline.check()
                time.sleep(0.005)
        except Exception:
            self.stopped.set()
            raise
        finally:
            self._working.discard(threading.get_ident())
        return Caption("at last", 0.0, self.seconds, self.confidence)


class Painter:
    """A captioner that says what it sees: the size, and the average colour of each quarter, row by row."""

    model, engine, input_size = "painter", "onnx", (224, 224)
    details: tuple[Detail, ...] = ("short", "detailed")

    def caption(self, image: Image, deadline: Deadline, alternatives: int = 0, detail: Detail = "short") -> Caption:
        quarters = image.resize((2, 2), reducing_gap=None)
        colours = [quarters.getpixel((x, y)) for y in (0, 1) for x in (0, 1)]
        return Caption(json.dumps({"size": image.size, "colours": colours, "detail": detail}), 0.0, 0.0)


def post(url: str, **request: Any) -> httpx.Response:  # noqa: ANN401 (httpx's arguments)
    """POST to `/caption`, with patience for a busy machine."""
    with httpx.Client(timeout=120, trust_env=False, verify=False) as client:
        return client.post(f"{url}/caption", **request)


def answers(url: str) -> bool:
    return post(url, content=JPEG).status_code == 200


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The sentence of a refusal in the contract's shape."""
    body = answer.json()
    assert (answer.status_code, body["status"], body["error"]) == (status, "error", code), body
    assert "Traceback" not in answer.text
    message: str = body["message"]
    assert message[0].isupper()
    assert message.endswith((".", ")"))
    return message


def connected(url: str) -> socket.socket:
    """A bare connection, for what no HTTP library would send."""
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port or 80), timeout=30)


def everything(connection: socket.socket) -> bytes:
    """What a server says until it hangs up."""
    said = b""
    while piece := connection.recv(65_536):
        said += piece
    return said


def gone(caplog: pytest.LogCaptureFixture) -> int:
    """How many requests ended with nobody there to answer."""
    return sum(vars(record).get("status") == 499 for record in caplog.records)


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
