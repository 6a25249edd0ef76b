"""Give every request an id and one line in the log."""

import logging
import re
import time
import uuid
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.logs import request_id

log = logging.getLogger("inference.request")

HEADER = "X-Request-ID"
# An id goes into logs and back into a header: a stranger's text must not.
_SAFE = re.compile(r"[\w.:@/+=-]{1,128}", re.ASCII)


class Tracing:
    """ASGI middleware: takes the caller's X-Request-ID or makes one, returns it, and logs how the request went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        current = given if _SAFE.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(current)
        started = time.perf_counter()
        status = 0

        async def traced(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = current
            await send(message)

        try:
            await self._app(scope, receive, traced)
        finally:
            seconds = round(time.perf_counter() - started, 4)
            trace = {**scope.get("state", {}).get("trace", {})}
            if scope["path"].rstrip("/") == "/caption":
                trace["outcome"] = trace.get("error", "success" if status == HTTPStatus.OK else "hung_up")
                if status == HTTPStatus.OK:
                    trace["caption_seconds"] = seconds
            log.info(
                "answered" if status else "hung up",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status or None,
                    "seconds": seconds,
                    **trace,
                },
            )
            request_id.reset(token)
