"""What can go wrong between the bot and Slack, on demand."""

import asyncio
import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class Status:
    """Answer with this status; 429 comes as Slack sends it: Retry-After in whole seconds, and "ratelimited"."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True)
class Reset:
    """Cut the connection; `after_work`: only once the request has had its effect, so the answer is what is lost."""

    after_work: bool = False


@dataclass(frozen=True)
class Slow:
    """Send the body in pieces of `size` bytes with `pause` seconds between them."""

    pause: float
    size: int = 1024


@dataclass(frozen=True)
class Error:
    """Answer 200 with `{"ok": false, "error": code}`."""

    code: str


Fault = Status | Reset | Slow | Error


class Faults:
    """Queues of faults; each hits one request to a method ("chat.postMessage") or to the file host ("files")."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()

    def add(self, target: str, *faults: Fault, times: int = 1) -> None:
        with self._lock:
            for _ in range(times):
                self._waiting[target].extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def next(self, target: str) -> Fault | None:
        with self._lock:
            waiting = self._waiting[target]
            return waiting.popleft() if waiting else None


def cut(request: web.Request) -> web.Response:
    """Reset the connection of this request (the returned response goes nowhere)."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def status_response(fault: Status) -> web.Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if fault.status == 429:
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    return web.Response(text="upstream error", status=fault.status, headers=headers)


async def send_slowly(request: web.Request, body: bytes, content_type: str, slow: Slow) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Length": str(len(body))})
    await response.prepare(request)
    for start in range(0, len(body), slow.size):
        await response.write(body[start : start + slow.size])
        await asyncio.sleep(slow.pause)
    return response
