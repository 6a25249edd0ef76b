"""AWS Lambda in miniature: a handler in processes of its own, driven over Lambda's Runtime API by its runtime client.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. As on Lambda, a process serves one invocation at a time,
lies frozen between two of them, and is killed when its time is over.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from tests.sandbox.servers import Servers

JSON = dict[str, Any]
T = TypeVar("T")

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
ACCOUNT = "123456789012"
LARGEST = 6 * 1024 * 1024  # bytes of an event, and of an answer
INIT_PATIENCE = 120.0  # seconds; Lambda's ten are for a machine that does nothing else


class Throttled(Exception):
    """Every instance that the function may have is at work."""


class FunctionError(Exception):
    """An invocation ended without an answer: in init, by an exception, at its timeout, or with its process."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class Instance:
    """One process, and the Runtime API that it talks to."""

    def __init__(self, function: "LambdaFunction") -> None:
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


class LambdaFunction:
    """A function: its handler, settings, timeout (seconds), and how many instances it may have at once.

    `log` is the file that its processes write to. Its coroutines belong to the loop of `servers`.
    """

    def __init__(
        self,
        servers: Servers,
        handler: str,
        environment: Mapping[str, str],
        log: Path,
        *,
        timeout: float = 30.0,
        concurrency: int = 2,
    ) -> None:
        # Seconds from the timeout until the process is killed; Lambda takes part of one, too.
        self.grace = 0.5
        self.servers, self.handler, self.log = servers, handler, log
        self.timeout, self.concurrency = timeout, concurrency
        self.name = handler.replace(".", "-")
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "_HANDLER": handler,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            **environment,
        }
        self.instances: list[Instance] = []
        self._idle: list[Instance] = []

    async def invoke(self, event: object) -> JSON:
        """Invoke the function and wait for its answer. Raises Throttled or FunctionError."""
        body = json.dumps(event).encode()
        if len(body) > LARGEST:
            raise ValueError(f"an event of {len(body)} bytes")
        instance = await self._instance()
        try:
            return await instance.invoke(body)
        finally:
            if instance.alive:
                self._idle.append(instance)
            else:
                self.instances.remove(instance)

    async def _instance(self) -> Instance:
        while self._idle:
            instance = self._idle.pop()
            if self.concurrency == 0:
                self._idle.append(instance)
                raise Throttled
            if instance.alive:
                return instance
            self.instances.remove(instance)
        if len(self.instances) >= self.concurrency:
            raise Throttled
        instance = Instance(self)
        self.instances.append(instance)
        try:
            await instance.start()
        except FunctionError:
            instance.kill()
            self.instances.remove(instance)
            raise
        return instance

    def call(self, event: object) -> JSON:
        """Do as `invoke`, from any thread but that of the servers' loop."""
        return asyncio.run_coroutine_threadsafe(self.invoke(event), self.servers.loop).result(INIT_PATIENCE)

    def kill(self) -> None:
        """Kill every process, whatever it is at."""
        for instance in self.instances:
            instance.kill()
