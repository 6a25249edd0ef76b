"""A caption endpoint that answers at once, or fails on demand: the real one is on the other side of the same HTTP.

Its caption of an image is `caption_of(image)`, so that a test can tell which photo a reply is about.
"""

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


def caption_of(image: bytes) -> str:
    return f"a photo like {hashlib.sha256(image).hexdigest()[:12]}"


@dataclass(frozen=True)
class Failure:
    """An HTTP answer in place of a caption; status 0 cuts the connection."""

    status: int
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


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
        self.pause = 0.0
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="caption-endpoint", daemon=True)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._run(self._open())

    def stop(self) -> None:
        self._run(self._close())

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self._run(self._abandon())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:  # noqa: ANN401
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/caption", self._caption)
        app.router.add_get("/ping", self._ping)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _abandon(self) -> None:
        """End the handlers whose clients were killed."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ping(self, _: web.Request) -> web.Response:
        self.pings += 1
        return web.json_response({"status": "ok", "model": "stand-in", "engine": "onnx", "ready": True})

    async def _caption(self, request: web.Request) -> web.Response:
        image = await request.read()
        headers = request.headers
        self.seen.append(Seen(headers.get("X-Request-ID", ""), headers.get("Authorization", ""), image))
        if self.failures:
            return self._fail(request, self.failures.pop(0))
        await asyncio.sleep(self.pause)
        return web.json_response({"caption": caption_of(image), "processing_time": self.pause, "status": "success"})

    def _fail(self, request: web.Request, failure: Failure) -> web.Response:
        if failure.status == 0:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if failure.code is None:
            return web.Response(status=failure.status, text="<html>Bad Gateway</html>", headers=failure.headers)
        body = {"status": "error", "error": failure.code, "message": "A sentence of the endpoint's."}
        return web.json_response(body, status=failure.status, headers=failure.headers)
