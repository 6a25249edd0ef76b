"""One process of a Lambda function, driven over Lambda's Runtime API by Lambda's own runtime client.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. As on Lambda, it serves one invocation at a time, lies
frozen between two of them, and is killed when its time is over.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiohttp import web

from tests.sandbox.servers import Servers

JSON = dict[str, Any]
T = TypeVar("T")

LARGEST = 6 * 1024 * 1024  # bytes of an event, and of an answer
INIT_PATIENCE = 120.0  # seconds; Lambda's ten are for a machine that does nothing else


class FunctionError(Exception):
    """An invocation ended without an answer: in init, by an exception, at its timeout, or with its process."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class Function(Protocol):
    """What an instance is told of its function; times are in seconds."""

    servers: Servers
    handler: str
    arn: str
    environment: dict[str, str]
    log: Path
    timeout: float
    grace: float


class Instance:
    """One process, and the Runtime API that it talks to."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._polls: asyncio.Queue[None] = asyncio.Queue()
        self._next: asyncio.Queue[tuple[str, bytes, float]] = asyncio.Queue()
        self._ended: asyncio.Future[JSON] = asyncio.get_running_loop().create_future()
        self.process: subprocess.Popen[bytes] | None = None
        self.restored = False

    async def start(self) -> None:
        """Start the process and wait until its init is over. Raises FunctionError."""
        app = web.Application(client_max_size=2 * LARGEST)
        app.router.add_get("/2018-06-01/runtime/invocation/next", self._hand_out)
        app.router.add_post("/2018-06-01/runtime/invocation/{id}/response", self._take_answer)
        app.router.add_post("/2018-06-01/runtime/invocation/{id}/error", self._take_error)
        app.router.add_post("/2018-06-01/runtime/init/error", self._take_error)
        app.router.add_get("/2018-06-01/runtime/restore/next", self._snapshot)
        url = await self._function.servers.serve(app, 0, patience=0.05)
        self._spawn(self._function.environment | {"AWS_LAMBDA_RUNTIME_API": url.removeprefix("http://")})
        await self._until_idle(time.monotonic() + INIT_PATIENCE, "Init")

    def _spawn(self, environment: Mapping[str, str]) -> None:
        with self._function.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", self._function.handler],
                env=environment,
                cwd=self._function.log.parent,
                stdout=log,
                stderr=log,
            )

    async def invoke(self, event: bytes) -> JSON:
        """Thaw the process and hand it an event; returns its answer, once it is frozen again. Raises FunctionError."""
        self._ended = asyncio.get_running_loop().create_future()
        self._signal(signal.SIGCONT)
        end = time.monotonic() + self._function.timeout + self._function.grace
        self._next.put_nowait((str(uuid.uuid4()), event, time.time() + self._function.timeout))
        try:
            return await self._watch(self._ended, end, "Task")
        finally:
            # What the handler left running goes on until the process asks for its next event.
            if self.alive:
                with suppress(FunctionError):
                    await self._until_idle(end, "Task")

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def _until_idle(self, end: float, what: str) -> None:
        poll = asyncio.ensure_future(self._polls.get())
        first: list[asyncio.Future[Any]] = [poll] if self._ended.done() else [poll, self._ended]
        waiting = asyncio.ensure_future(asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED))
        try:
            await self._watch(waiting, end, what)
            if not poll.done():
                self._ended.result()
        finally:
            poll.cancel()
        self._signal(signal.SIGSTOP)

    async def _watch(self, future: "asyncio.Future[T]", end: float, what: str) -> T:
        """Await something that the process does, as long as it lives and has time."""
        while not future.done():
            await asyncio.wait([future], timeout=0.02)
            if future.done():
                break
            if not self.alive:
                raise FunctionError("Runtime.ExitError", f"{what}: the process exited")
            if time.monotonic() > end:
                self.kill()
                raise FunctionError("Sandbox.Timedout", f"{what} timed out after {self._function.timeout:.2f} seconds")
        return future.result()

    def _signal(self, number: int) -> None:
        if self.alive and self.process is not None:
            self.process.send_signal(number)

    # --- the Runtime API ---------------------------------------------------------------------------------------------

    async def _snapshot(self, _: web.Request) -> web.Response:
        """Freeze a process whose init is over as for a snapshot (SnapStart), and thaw it."""
        self._signal(signal.SIGSTOP)
        await asyncio.sleep(0.2)
        self._signal(signal.SIGCONT)
        self.restored = True
        return web.json_response({})

    async def _hand_out(self, _: web.Request) -> web.Response:
        self._polls.put_nowait(None)
        number, event, deadline = await self._next.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": number,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._function.arn,
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        }
        return web.Response(body=event, content_type="application/json", headers=headers)

    async def _take_answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if len(body) > LARGEST:
            self._fail("Function.ResponseSizeTooLarge", f"an answer of {len(body)} bytes")
            return web.json_response({"errorType": "RequestEntityTooLarge"}, status=413)
        if not self._ended.done():
            self._ended.set_result(json.loads(body))
        return web.json_response({"status": "OK"}, status=202)

    async def _take_error(self, request: web.Request) -> web.Response:
        error = await request.json()
        self._fail(error["errorType"], error["errorMessage"])
        return web.json_response({"status": "OK"}, status=202)

    def _fail(self, kind: str, message: str) -> None:
        if not self._ended.done():
            self._ended.set_exception(FunctionError(kind, message))
