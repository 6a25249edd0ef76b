"""A caption endpoint that answers at once, or fails on demand: the real one is on the other side of the same HTTP.

Its caption of an image is `caption_of(image)`, and what a chat makes of it `sentence_of(image)`: a test can tell which
photo a reply is about.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from tests.sandbox.servers import Servers


def caption_of(image: bytes) -> str:
    return f"a photo like {hashlib.sha256(image).hexdigest()[:12]}"


def sentence_of(image: bytes) -> str:
    return f"A photo like {hashlib.sha256(image).hexdigest()[:12]}."


@dataclass(frozen=True)
class Failure:
    """An HTTP answer in place of a caption; status 0 cuts the connection."""

    status: int
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = "<html>Bad Gateway</html>"


@dataclass(frozen=True)
class Seen:
    """A request for a caption."""

    request_id: str
    authorization: str
    image: bytes


class CaptionEndpoint:
    """`with CaptionEndpoint() as endpoint:` serves at `endpoint.url`; `stop` and `start` are its outages."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.seen: list[Seen] = []
        self.pings = 0
        self.ping_pause = 0.0
        self.ready = True
        self.forbidden = False  # as a Lambda Function URL is to a caller without the permissions
        self.pause = 0.0
        self.confidence: float | None = None
        self.url = ""
        self._servers = Servers("caption-endpoint")

    def start(self) -> None:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/caption", self._caption)
        app.router.add_get("/ping", self._ping)
        # After an outage it is back where it was.
        port = int(self.url.rpartition(":")[2] or 0)
        self.url = self._servers.run(self._servers.serve(app, port, patience=0.05))

    def stop(self) -> None:
        self._servers.run(self._servers.close())

    def __enter__(self) -> Self:
        self._servers.start()
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._servers.stop()

    async def _ping(self, _: web.Request) -> web.Response:
        self.pings += 1
        await asyncio.sleep(self.ping_pause)
        if self.forbidden:
            return web.json_response({"Message": "Forbidden"}, status=403)
        return web.json_response({"status": "ok", "model": "stand-in", "engine": "onnx", "ready": self.ready})

    async def _caption(self, request: web.Request) -> web.Response:
        image = await request.read()
        headers = request.headers
        self.seen.append(Seen(headers.get("X-Request-ID", ""), headers.get("Authorization", ""), image))
        if self.failures:
            return self._fail(request, self.failures.pop(0))
        await asyncio.sleep(self.pause)
        body = {"caption": caption_of(image), "processing_time": self.pause, "status": "success"}
        return web.json_response(body if self.confidence is None else body | {"confidence": self.confidence})

    def _fail(self, request: web.Request, failure: Failure) -> web.Response:
        if failure.status == 0:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if failure.code is None:
            return web.Response(status=failure.status, text=failure.body, headers=failure.headers)
        body = {"status": "error", "error": failure.code, "message": "A sentence of the endpoint's."}
        return web.json_response(body, status=failure.status, headers=failure.headers)
