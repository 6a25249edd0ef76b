"""What the AWS command line asks of Lambda while it deploys: invocations, an alias, and versions.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.sandbox.lambda_function import LambdaFunction, Throttled
from tests.sandbox.lambda_instance import FunctionError
from tests.sandbox.servers import Servers

# arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS, NAME:ALIAS or NAME
NAME = re.compile(r"(?:arn:aws:lambda:[\w-]+:\d{12}:function:)?([\w-]+)(?::([\w$-]+))?")


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LambdaApi:
    """`functions` by name can be invoked; every function has the same versions, of which `live` is one."""

    def __init__(self, servers: Servers) -> None:
        self.functions: dict[str, LambdaFunction] = {}
        self.versions = ["$LATEST", "1"]
        self.live = "1"
        # As IAM names them.
        self.calls: set[str] = set()
        app = web.Application(client_max_size=8 * 1024 * 1024)
        for method, path, action, handler in (
            ("POST", "invocations", "InvokeFunction", self._invoke),
            ("GET", "aliases/live", "GetAlias", self._alias),
            ("PUT", "aliases/live", "UpdateAlias", self._move),
            ("GET", "versions", "ListVersionsByFunction", self._list),
            ("DELETE", "", "DeleteFunction", self._delete),
        ):
            route = f"/2015-03-31/functions/{{name}}/{path}".rstrip("/")
            app.router.add_route(method, route, self._noting(action, handler))
        self.url = servers.run(servers.serve(app, 0, patience=0.05))

    def _noting(self, action: str, handler: Handler) -> Handler:
        async def note(request: web.Request) -> web.StreamResponse:
            self.calls.add(f"lambda:{action}")
            return await handler(request)

        return note

    async def _invoke(self, request: web.Request) -> web.Response:
        found = NAME.fullmatch(request.match_info["name"])
        function = self.functions.get(found[1]) if found else None
        if function is None:
            return _error(404, "ResourceNotFoundException", "Function not found")
        try:
            return web.json_response(await function.invoke(await request.json()))
        except Throttled:
            return _error(429, "TooManyRequestsException", "Rate Exceeded.")
        except FunctionError as error:
            failed = {"errorType": error.kind, "errorMessage": error.message}
            return web.json_response(failed, headers={"X-Amz-Function-Error": "Unhandled"})

    async def _alias(self, _: web.Request) -> web.Response:
        return web.json_response({"Name": "live", "FunctionVersion": self.live})

    async def _move(self, request: web.Request) -> web.Response:
        version = (await request.json())["FunctionVersion"]
        if version not in self.versions:
            return _error(404, "ResourceNotFoundException", f"Function not found: version {version}")
        self.live = version
        return await self._alias(request)

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"Versions": [{"Version": version} for version in self.versions]})

    async def _delete(self, request: web.Request) -> web.Response:
        version = request.query["Qualifier"]
        if version == self.live:
            return _error(409, "ResourceConflictException", "An alias refers to that version.")
        self.versions.remove(version)
        return web.Response(status=204)


def _error(status: int, kind: str, message: str) -> web.Response:
    body = {"Type": "User", "Message": message}
    return web.json_response(body, status=status, headers={"x-amzn-ErrorType": kind})
