"""How uvicorn serves an application on a machine: on a port that is free, to clients that finish what they begin.

Behind AWS Lambda none of this applies: a request arrives there whole.
"""

import asyncio
import contextlib
import logging
import socket

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from inference.contract import ErrorResponse

log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds: no honest client takes longer for a request's head
_TOO_LATE = ErrorResponse(
    error="request_timeout", message="That request took too long to arrive. Please send it again."
).model_dump_json()
TOO_LATE = (
    "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(_TOO_LATE)}\r\n\r\n{_TOO_LATE}"
).encode()


def serve(app: ASGIApp, listener: socket.socket, patience: float) -> None:
    """Serve until SIGINT or SIGTERM; a request's head may take as long as a caption, but not over `PATIENCE`."""
    config = uvicorn.Config(app, http=protocol(patience), log_config=None, access_log=False)
    log.info("listening", extra={"address": "{}:{}".format(*listener.getsockname()[:2])})
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def protocol(patience: float) -> type[asyncio.Protocol]:
    """Uvicorn's protocol, made to hang up after so many seconds on a client that does not finish what it sends."""

    class Timed(_Impatient):
        seconds = min(patience, PATIENCE)

    return Timed


class _Impatient(H11Protocol):
    """uvicorn waits without end for two things, by which a client holds a connection at no cost; here the wait ends.

    They are the end of a request's head and, of a request that was refused early, the end of its body. (A body that is
    still wanted is the application's to bound.)
    """

    seconds = PATIENCE
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (uvicorn's own type)
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        # Between two requests uvicorn's own keep-alive timer runs, until the next byte.
        head = self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None
        rest = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if self.transport.is_closing() or not (head or rest):
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self._hang_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self.transport.write(TOO_LATE)
        self.transport.close()
