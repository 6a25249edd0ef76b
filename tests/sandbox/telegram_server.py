"""The HTTP side of the fake Telegram: Bot API methods, the file host, and a host that nobody should ask."""

import asyncio
import re
import time
from typing import Any

from aiohttp import web

from tests.sandbox.telegram_arguments import ApiError, read_arguments
from tests.sandbox.telegram_faults import Fault, Faults
from tests.sandbox.telegram_methods import Methods
from tests.sandbox.telegram_world import Call, Download, World

TOKEN = re.compile(r"bot[0-9]+:[A-Za-z0-9_-]{24,}")
PIECE = 4096  # bytes


class Server:
    """Answers requests; keeps a log of them in the world."""

    def __init__(self, world: World, methods: Methods, faults: Faults) -> None:
        self._world = world
        self._methods = methods
        self._faults = faults
        self.strays: list[str] = []

    def app(self) -> web.Application:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/{bot:bot[^/]*}/{method}", self._method)
        app.router.add_get("/file/{bot:bot[^/]*}/{path:.*}", self._download)
        app.router.add_route("*", "/{anything:.*}", self._nothing)
        return app

    def elsewhere(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", self._stray)
        return app

    # --- methods -----------------------------------------------------------------------------------------------------

    async def _method(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        values: dict[str, str] = {}
        try:
            self._check_token(request)
            arguments = await read_arguments(request)
            values = arguments.values
            fault = self._faults.take(name)
            if fault is not None and not fault.after:
                if fault.pause:
                    await asyncio.sleep(fault.pause)
                if fault.reset:
                    return self._reset(request)
                if fault.status is not None:
                    raise _error(fault)
            if fault is not None and fault.result is not None:
                result = fault.result
            else:
                result = await self._methods.call(name, arguments)
            if fault is not None and fault.after:
                if fault.reset:
                    self._log(name, values, 200)
                    return self._reset(request)
                raise _error(fault)
        except ApiError as error:
            self._log(name, values, error.status)
            return web.json_response(error.as_json(), status=error.status)
        except ConnectionResetError:
            return web.Response()  # the bot hung up while it was speaking
        self._log(name, values, 200)
        return web.json_response({"ok": True, "result": result})

    def _check_token(self, request: web.Request) -> None:
        given = request.match_info["bot"]
        if not TOKEN.fullmatch(given):
            raise ApiError(404, "Not Found")
        if given != f"bot{self._world.token}":
            raise ApiError(401, "Unauthorized")

    def _log(self, name: str, values: dict[str, str], status: int) -> None:
        self._world.calls.append(Call(name, values, status, time.monotonic()))

    def _reset(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    # --- files -------------------------------------------------------------------------------------------------------

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        try:
            self._check_token(request)
            fault = self._faults.take("download") or Fault("download")
            if fault.status is not None:
                raise _error(fault)
            if fault.reset and not fault.after:
                return self._reset(request)
            if fault.redirect is not None:
                self._world.downloads.append(Download(path, 302, 0))
                return web.Response(status=302, headers={"Location": fault.redirect})
            file = self._world.served_at(path)
        except ApiError as error:
            self._world.downloads.append(Download(path, error.status, 0))
            return web.json_response(error.as_json(), status=error.status)
        return await self._send(request, path, file.data if fault.body is None else fault.body, fault)

    async def _send(self, request: web.Request, path: str, data: bytes, fault: Fault) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        if fault.body is None:
            response.content_length = len(data)
        sent = 0
        try:
            await response.prepare(request)
            for start in range(0, len(data), PIECE):
                if fault.pause:
                    await asyncio.sleep(fault.pause)
                if fault.reset and start >= len(data) // 2:
                    return self._reset(request)
                await response.write(data[start : start + PIECE])
                sent += len(data[start : start + PIECE])
            await response.write_eof()
        except ConnectionResetError:
            pass
        finally:
            self._world.downloads.append(Download(path, 200, sent))
        return response

    # --- elsewhere ---------------------------------------------------------------------------------------------------

    async def _stray(self, request: web.Request) -> web.Response:
        self.strays.append(request.raw_path)
        return web.Response(text="you should not be here")

    async def _nothing(self, _: web.Request) -> web.Response:
        return web.json_response(ApiError(404, "Not Found").as_json(), status=404)


def _error(fault: Fault) -> ApiError:
    status = fault.status or 500
    parameters: dict[str, Any] = {}
    if fault.retry_after is not None:
        parameters = {"retry_after": fault.retry_after}
        return ApiError(status, fault.description or f"Too Many Requests: retry after {fault.retry_after}", parameters)
    usual = {401: "Unauthorized", 403: "Forbidden: bot was blocked by the user", 404: "Not Found", 502: "Bad Gateway"}
    return ApiError(status, fault.description or usual.get(status, "Internal Server Error"))
