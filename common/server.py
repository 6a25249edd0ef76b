"""How uvicorn serves an application on a machine: on a port that is free, to clients that finish what they begin.

Behind AWS Lambda none of this applies: a request arrives there whole.
"""

import asyncio
import contextlib
import logging
import socket
from http import HTTPStatus

import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.contract import ErrorResponse

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds: no honest client takes longer for a request's head
LONGEST_HEAD = 64 * 1024  # bytes


def serve(app: ASGIApp, listener: socket.socket, patience: float) -> None:
    """Serve until SIGINT or SIGTERM; a request's head may take as long as a caption, but not over `PATIENCE`."""
    config = uvicorn.Config(app, http=protocol(patience), loop="asyncio", ws="none", log_config=None, access_log=False)
    log.info("listening", extra={"address": "{}:{}".format(*listener.getsockname()[:2])})
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def protocol(patience: float) -> type[asyncio.Protocol]:
    """Uvicorn's protocol, made to hang up after so many seconds on a client that does not finish what it sends."""

    class Timed(_Impatient):
        seconds = min(patience, PATIENCE)

    return Timed


class _Impatient(HttpToolsProtocol):
    """uvicorn waits without end for two things, by which a client holds a connection at no cost; here the wait ends.

    They are the end of a request's head and, of a request that was refused early, the end of its body. (A body that is
    still wanted is the application's to bound.) Nor does it mind how long a head is, or what follows a chunked body.
    """

    seconds = PATIENCE
    _timer: asyncio.TimerHandle | None = None
    _framing = 0  # bytes of a head, or of chunks' framing and trailers, that led to nothing yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (uvicorn's own type)
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._framing += len(data)
        super().data_received(data)
        self._framing = max(0, self._framing)
        if self._framing > LONGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "bad_request", "That request's head is too long.")
        self._watch()

    def on_headers_complete(self) -> None:
        self._framing = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        # The smallest chunk brings one byte in six.
        self._framing -= 6 * len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's words)
        """Answer what is no HTTP; but a request before it that came whole is answered first."""
        if self._between() or self.cycle.more_body:
            self._refuse(HTTPStatus.BAD_REQUEST, "bad_request", "That request is not HTTP as I know it.")
        else:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _between(self) -> bool:
        """Whether no request is being answered: the last one is, or none was made yet."""
        return self.cycle is None or self.cycle.response_complete

    def _watch(self) -> None:
        # Between two requests uvicorn's own keep-alive timer runs, until the next byte.
        if self.transport.is_closing() or not self._between() or self.timeout_keep_alive_task is not None:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self._hang_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        if self._framing:
            late = "That request took too long to arrive. Please send it again."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", late)
        self.transport.close()

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """Answer without the application, and hang up."""
        body = msgspec.json.encode(ErrorResponse(error=code, message=message))
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self.transport.close()
