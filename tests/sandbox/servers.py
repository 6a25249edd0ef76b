"""HTTP servers on local ports, in an event loop of a thread of their own."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")


class Servers:
    """`start`, then `run` coroutines in the loop; `serve` is one that opens a server."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._runners: list[web.AppRunner] = []
        self._closed: list[web.Server] = []

    def start(self) -> None:
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop; call it from any thread but the loop's own."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def serve(self, app: web.Application, port: int, host: str = "127.0.0.1", patience: float = 5.0) -> str:
        """Open a server (port 0: a free one) and return its URL; `patience` is in seconds, for requests at its end."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=patience)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, host, port).start()
        return "http://{}:{}".format(*runner.addresses[0][:2])

    async def close(self) -> None:
        """Close the servers that are open."""
        while self._runners:
            runner = self._runners.pop()
            if runner.server is not None:
                self._closed.append(runner.server)
            await runner.cleanup()

    def stop(self) -> None:
        """Close the servers, end what still runs in the loop (handlers whose clients were killed), and the loop."""
        self.run(self.close())
        self.run(self._abandon())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _abandon(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._closed:
            for late in server.connections:  # accepted just before the server closed
                late.force_close()
