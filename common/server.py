"""How uvicorn serves an application on a machine: on a port that is free, to clients that finish what they begin.

Behind AWS Lambda none of this applies: a request arrives there whole.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterable

import uvicorn
from starlette.types import ASGIApp

from common.connection import PATIENCE, Connection

log = logging.getLogger(__name__)


def serve(app: ASGIApp, listener: socket.socket, patience: float, proxies: Iterable[str]) -> None:
    """Serve until SIGINT or SIGTERM; a request's head may take as long as a caption, but not over `PATIENCE`.

    `proxies` are those whose word for a client's scheme and address counts.
    """
    config = uvicorn.Config(
        app,
        http=protocol(patience),
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        forwarded_allow_ips=list(proxies),
    )
    log.info("listening", extra={"address": "{}:{}".format(*listener.getsockname()[:2])})
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def protocol(patience: float) -> type[asyncio.Protocol]:
    """Uvicorn's protocol, made to hang up after so many seconds on a client that does not finish what it sends."""

    class Timed(Connection):
        seconds = min(patience, PATIENCE)

    return Timed
