"""A container that serves HTTP, and one that is a Lambda function, each shut in as in production."""

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.images.engine import SHUT_IN, Engine
from tests.ports import free_port
from tests.sandbox.lambda_function import ACCOUNT, REGION
from tests.sandbox.lambda_instance import JSON, Instance
from tests.sandbox.servers import Servers

PATIENCE = 120.0  # seconds for a start; a busy machine needs some
# Lambda runs every function as a user of its own without rights, whatever its image says.
LAMBDA_USER = "993:990"


@dataclass(frozen=True)
class Served:
    """A container that answers at `url`, `start` seconds after it was started."""

    url: str
    start: float
    name: str
    engine: Engine

    def python(self, script: str) -> str:
        """Run a script with the image's Python, beside what it serves; its output."""
        return self.engine.run("exec", self.name, "python", "-c", script)


@contextmanager
def served(engine: Engine, image: str, *arguments: str, port: int) -> Iterator[Served]:
    """Run an image that serves HTTP on a port of its own, until it is stopped, which it must obey.

    Raises RuntimeError with its log.
    """
    name, outside = f"captionbot-{uuid.uuid4().hex[:12]}", free_port()
    started = time.monotonic()
    engine.run(
        *("run", "--detach", "--name", name, *SHUT_IN, "--publish", f"127.0.0.1:{outside}:{port}", image, *arguments)
    )
    try:
        url = f"http://127.0.0.1:{outside}"
        try:
            _until_it_answers(url, started + PATIENCE)
        except TimeoutError:
            raise RuntimeError(f"{image} does not answer:\n{engine.run('logs', name)}") from None
        yield Served(url, time.monotonic() - started, name, engine)
        engine.run("stop", "--time", "20", name)
        code = engine.run("inspect", "--format", "{{.State.ExitCode}}", name)
        if code != "0":
            raise RuntimeError(f"{image} ended with {code} when it was told to stop:\n{engine.run('logs', name)}")
    finally:
        engine.run("rm", "--force", name)


def _until_it_answers(url: str, end: float) -> None:
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                answer.read()
        except (OSError, urllib.error.URLError):
            if time.monotonic() > end:
                raise TimeoutError from None
            time.sleep(0.05)
        else:
            return


@dataclass
class Function:
    """A function whose code is an image; see `tests.sandbox.lambda_instance.Function`."""

    servers: Servers
    engine: Engine
    image: str
    handler: str
    environment: dict[str, str]
    log: Path
    timeout: float = 60.0
    grace: float = 0.5
    arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:image"
    start: float = field(default=0.0, init=False)

    def answers(self, events: list[JSON]) -> list[JSON]:
        """Start it, hand it events, and stop it. `start` then has the seconds of its init. Raises FunctionError."""
        return self.servers.run(self._answers(events))

    async def _answers(self, events: list[JSON]) -> list[JSON]:
        instance = _InContainer(self)
        started = time.monotonic()
        try:
            await instance.start()
            self.start = time.monotonic() - started
            return [await instance.invoke(json.dumps(event).encode()) for event in events]
        finally:
            instance.kill()


class _InContainer(Instance):
    """An instance whose process is a container's, with the network of this machine to reach the Runtime API."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        self._of = function
        self._name = f"captionbot-{uuid.uuid4().hex[:12]}"

    def _spawn(self, environment: Mapping[str, str]) -> None:
        settings = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        with self._of.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._of.engine.command(
                    *("run", "--name", self._name, "--network", "host", "--user", LAMBDA_USER, *SHUT_IN, *settings),
                    *(self._of.image, self._of.handler),
                ),
                env=self._of.engine.environment,
                stdout=log,
                stderr=log,
            )

    def _signal(self, number: int) -> None:
        """Let it run: what would freeze is the command that waits for the container."""

    def kill(self) -> None:
        self._of.engine.run("rm", "--force", self._name)
        super().kill()
