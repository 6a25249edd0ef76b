"""A connection as uvicorn serves it, to clients that finish what they begin and hear the answer where they don't.

uvicorn waits without end for the end of a request's head, closes a socket at once where bytes are still on their way,
which resets it and takes the answer along (https://www.rfc-editor.org/rfc/rfc9112#section-9.6), and takes a wish for
HTTP/2 for the end of HTTP. Here the wait ends, the rest of a body is read and dropped first, and the wish is ignored.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

import httptools
import msgspec
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from common.contract import ErrorResponse

PATIENCE = 10.0  # seconds: no honest client takes longer for a request's head
LONGEST_HEAD = 64 * 1024  # bytes
# What is still read of a body whose request has been answered: so many bytes, for so long, with no longer a silence.
LINGER_BYTES = 256 * 1024 * 1024
LINGER_SECONDS = 30.0
LINGER_SILENCE = 5.0
LINGER_WHEN_STOPPING = 1.0  # seconds, for either
UPLOAD_WHEN_STOPPING = 2.0  # seconds in which an upload has to come to its end


class Connection(HttpToolsProtocol):
    """One client's connection.

    A body that is still wanted is the application's to bound; here are the head, what follows a chunked body, and the
    rest of a body that nobody wants any more.
    """

    seconds = PATIENCE
    _timer: asyncio.TimerHandle | None = None
    _framing = 0  # bytes of a head, or of chunks' framing and trailers, that led to nothing yet
    _incomplete = False  # whether the last request's body goes on
    _lingering = False  # whether all that matters is that the answer gets through
    _dropped = 0  # bytes that were read for that
    _dropping_since: float | None = None  # the loop's time
    _stopping = False

    # --- what asyncio and uvicorn call -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (uvicorn's own type)
        """Begin to wait for a request."""
        super().connection_made(cast("asyncio.Transport", _Closing(transport, self._close, lambda: self._lingering)))
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on: a request, or what nobody wants any more."""
        if self._lingering:
            self._drop(len(data))
            return
        if self._dropping:
            self._drop(len(data))
        self._framing += len(data)
        self._feed(data)
        self._framing = max(0, self._framing)
        if self._framing > LONGEST_HEAD and not self._lingering:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "bad_request", "That request's head is too long.")
        self._watch()

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._framing = 0
        self._dropped, self._dropping_since = 0, None
        if _is_upgrade(self.parser):
            return  # `_feed` begins it again
        self._incomplete = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        # The smallest chunk brings one byte in six.
        self._framing -= 6 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take note that the body is whole."""
        if _is_upgrade(self.parser):
            return
        self._incomplete = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 (uvicorn's words)
        """Answer what is no HTTP; but a request before it that came whole is answered first."""
        if self._between() or self.cycle.more_body:
            self._refuse(HTTPStatus.BAD_REQUEST, "bad_request", "That request is not HTTP as I know it.")
        else:
            self.cycle.keep_alive = False
            self._incomplete = True

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of this one."""
        super().on_response_complete()
        self._watch()

    def shutdown(self) -> None:
        """Close soon: the server is stopping. What came whole is answered; the rest of an upload is not waited for."""
        self._stopping = True
        if self._lingering:
            self._wait(LINGER_WHEN_STOPPING)
            return
        super().shutdown()
        if self._incomplete and not self._between():
            self.loop.call_later(UPLOAD_WHEN_STOPPING, self._turn_away)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Where a client asked whether to send its body, and is refused, it does not; so another request can't follow.

        https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
        """

        async def asked_first(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
            async def answer(message: ASGISendEvent) -> None:
                if message["type"] == "http.response.start" and cycle.waiting_for_100_continue:
                    cycle.keep_alive = False
                await send(message)

            await app(scope, receive, answer)

        super()._start_asgi_task(cycle, asked_first if cycle.waiting_for_100_continue else app)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        """Parse what came; a request that would rather speak another protocol is read again as one that would not.

        The parser takes whatever follows such a request's head for that protocol, also its body.
        """
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":
                self.send_400_response("")
                return
            version = self.parser.get_http_version().encode()
            head = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
            head += [b"%s: %s" % header for header in self.headers if header[0] not in {b"upgrade", b"http2-settings"}]
            rest = data[upgrade.args[0] :]
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._feed(b"\r\n".join([*head, b"", b""]) + rest)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("")

    def _between(self) -> bool:
        """Whether no request is being answered: the last one is, or none was made yet."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _dropping(self) -> bool:
        """Whether the rest of a request's body is read only to come to its end."""
        return self._incomplete and self._between()

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropping_since is None:
            self._dropping_since = self.loop.time()
        longest, silence = (LINGER_WHEN_STOPPING,) * 2 if self._stopping else (LINGER_SECONDS, LINGER_SILENCE)
        if self._dropped > LINGER_BYTES or self.loop.time() - self._dropping_since > longest:
            self.transport.abort()
        elif self._lingering:
            self._wait(silence)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        if self._lingering:
            return
        # Between two requests uvicorn's own keep-alive timer runs, until the next byte.
        if self.transport.is_closing() or not self._between() or self.timeout_keep_alive_task is not None:
            self._stop()
        elif self._dropping:
            self._wait(LINGER_SILENCE)
        elif self._timer is None:
            self._wait(self.seconds)

    def _wait(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self._hang_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        if self._framing and not self._lingering and not self._dropping:
            late = "That request took too long to arrive. Please send it again."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", late)
        else:
            self.transport.abort()

    def _turn_away(self) -> None:
        """Answer an upload that goes on while the server wants to stop, and tell the application that it is off."""
        if self._incomplete and not self._between() and not self._lingering and not self.cycle.response_started:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", "I am being restarted. Please send that again.")
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    # --- ending ------------------------------------------------------------------------------------------------------

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """Answer without the application, and hang up."""
        body = msgspec.json.encode(ErrorResponse(error=code, message=message))
        self.transport.write(
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self._incomplete = True
        self._close()

    def _close(self) -> bool:
        """Begin to linger where bytes may still be on their way; else whether the connection may be closed at once."""
        if not self._incomplete or self._lingering or self._dropped:
            return True
        self._lingering = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._drop(0)
        return False


class _Closing:
    """uvicorn's hand on a transport: `close` asks first whether now is the time for it."""

    def __init__(self, inner: asyncio.Transport, may_close: Callable[[], bool], closing: Callable[[], bool]) -> None:
        self._transport, self._may_close, self._closing = inner, may_close, closing

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (the transport's own)
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more can be answered."""
        return self._closing() or self._transport.is_closing()

    def close(self) -> None:
        """Close it, now or when its client has had the answer."""
        if self._may_close():
            self._transport.close()


def _is_upgrade(parser: Any) -> bool:  # noqa: ANN401 (httptools is not typed here)
    """Whether a request asks for another protocol."""
    found: bool = parser.should_upgrade()
    return found
