"""Servers in processes of their own, as a benchmark sees them: when they answer, how much memory they take."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import httpx

from tests.bench.installed import python
from tests.memory import peak
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LONGEST_START = 120.0  # seconds
# uvicorn hangs up after five seconds of silence, which a turn of the others may last on a busy machine.
SILENCE = 2.0


@dataclass(frozen=True)
class Way:
    """A way to serve captions: its name, the packages that it needs, and the command that serves on `{port}`."""

    name: str
    packages: tuple[str, ...]
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Server:
    """A server that has answered its first photo."""

    port: int
    process: int
    client: "Client"
    cold_seconds: float  # from the start of the process to the first caption

    def peak_megabytes(self) -> float:
        """The most memory that it ever took at once."""
        return peak(self.process) / 1e6


class Client:
    """Posts one photo over one connection, as cheaply as Python can: it is the server's time that counts."""

    def __init__(self, port: int, photo: bytes) -> None:
        form = httpx.Request("POST", "http://captions", files={"image": photo})
        self._body, self._headers = form.read(), {"Content-Type": form.headers["Content-Type"]}
        self._connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST_START)
        self._used = time.perf_counter()

    def post(self) -> tuple[int, float]:
        """The answer's status, and the seconds that it took; after a silence over a new connection, opened before."""
        if time.perf_counter() - self._used > SILENCE:
            self.hang_up()
        if self._connection.sock is None:
            self._connection.connect()
        started = time.perf_counter()
        self._connection.request("POST", "/caption", self._body, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        self._used = time.perf_counter()
        return answer.status, self._used - started

    def caption(self) -> float:
        """Have the photo captioned; returns seconds, and raises for anything but 200."""
        status, seconds = self.post()
        if status != 200:
            raise RuntimeError(f"a photo was answered with {status}")
        return seconds

    def hang_up(self) -> None:
        """End the connection; the next photo begins another one."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()


@contextmanager
def serving(way: Way, photo: bytes, cpus: Sequence[int]) -> Iterator[Server]:
    """Start a server on those CPUs and wait for its first caption."""
    port = free_port()
    command = [python(way.packages), *(part.format(port=port) for part in way.command)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **way.environment}
    with (
        tempfile.TemporaryDirectory() as folder,
        (Path(folder) / "log").open("w+b") as log,
        Client(port, photo) as client,
    ):
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        os.sched_setaffinity(process.pid, cpus)
        try:
            while not _listens(port):
                if process.poll() is not None or time.perf_counter() > started + LONGEST_START:
                    log.seek(0)
                    raise RuntimeError(f"{way.name} does not serve:\n{log.read().decode()}")
                time.sleep(0.002)
            client.caption()
            yield Server(port, process.pid, client, time.perf_counter() - started)
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    """Ask in the cheapest way: what starts needs the processor."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
