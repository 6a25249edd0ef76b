"""A uvicorn server in a thread, which leaves no connection open."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up on who is still there when the patience has ended: uvicorn leaves that to the end of the process."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@contextmanager
def running(config: uvicorn.Config, listener: socket.socket | None = None) -> Iterator[None]:
    """Serve while the context is open."""
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listener] if listener else None,))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()
