"""A proxy on a local port, for plain HTTP: it knows where some hosts are, and keeps a note of who asked for what."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from tests.sandbox.servers import Servers

PASSED_ON = ("Authorization", "Content-Type", "User-Agent")


@dataclass
class Proxy:
    """`url` is what HTTP_PROXY is set to; `asked` are the hosts and paths that were asked for."""

    routes: Mapping[str, str]
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.host, request.path))
        base = self.routes.get(request.host)
        if base is None:
            return web.Response(status=502, text="no such host")
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method,
                base.rstrip("/") + request.path_qs,
                data=await request.read(),
                headers=headers,
                allow_redirects=False,
            ) as answer,
        ):
            return web.Response(
                status=answer.status,
                body=await answer.read(),
                headers={"Content-Type": answer.headers.get("Content-Type", "application/octet-stream")},
            )


@contextmanager
def proxy(routes: Mapping[str, str]) -> Iterator[Proxy]:
    """Run a proxy that finds these hosts at these URLs, and no other."""
    it = Proxy(routes)
    servers = Servers("proxy")
    servers.start()
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", it.handle)
    it.url = servers.run(servers.serve(app, 0, patience=0.05))
    yield it
    servers.stop()
