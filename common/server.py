"""How uvicorn serves an application on a machine: on a port that is free, to clients that finish what they begin.

Behind AWS Lambda none of this applies: a request arrives there whole.
"""

import asyncio
import contextlib
import logging
import math
import socket
from collections.abc import Iterable

import uvicorn
from starlette.types import ASGIApp

from common.connection import PATIENCE, Connection

log = logging.getLogger(__name__)


def serve(app: ASGIApp, listener: socket.socket, patience: float, proxies: Iterable[str], stop_patience: float) -> None:
    """Serve until SIGINT or SIGTERM; a request's head may take as long as a caption, but not over `PATIENCE`.

    `proxies` are those whose word for a client's scheme and address counts. A stop waits for `stop_patience` seconds at
    most for requests that are being answered.
    """
    config = uvicorn.Config(
        app,
        http=protocol(patience),
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=math.ceil(stop_patience),
    )
    logging.getLogger("uvicorn.error").addFilter(_not_given_up)
    log.info("listening", extra={"address": "{}:{}".format(*listener.getsockname()[:2])})
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _not_given_up(record: logging.LogRecord) -> bool:
    """Leave out the traceback of a request that a stop has given up: a line before it says so."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


def protocol(patience: float) -> type[asyncio.Protocol]:
    """Uvicorn's protocol, made to hang up after so many seconds on a client that does not finish what it sends."""

    class Timed(Connection):
        seconds = min(patience, PATIENCE)

    return Timed
