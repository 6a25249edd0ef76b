"""AWS Lambda in miniature: a function, its instances, and who gets one."""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from tests.sandbox.lambda_instance import INIT_PATIENCE, JSON, LARGEST, FunctionError, Instance
from tests.sandbox.servers import Servers

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
ACCOUNT = "123456789012"


class Throttled(Exception):
    """Every instance that the function may have is at work."""


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
        # Seconds of each invocation that was answered, as Lambda bills them.
        self.durations: list[float] = []
        # Seconds of each start, which are billed as well.
        self.starts: list[float] = []
        self.instances: list[Instance] = []
        self._idle: list[Instance] = []

    async def invoke(self, event: object) -> JSON:
        """Invoke the function and wait for its answer. Raises Throttled or FunctionError."""
        body = json.dumps(event).encode()
        if len(body) > LARGEST:
            raise ValueError(f"an event of {len(body)} bytes")
        instance = await self._instance()
        started = time.monotonic()
        try:
            answer = await instance.invoke(body)
            self.durations.append(time.monotonic() - started)
            return answer
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
        started = time.monotonic()
        try:
            await instance.start()
            self.starts.append(time.monotonic() - started)
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
