"""Processes that belong together: started one by one, watched, and stopped together."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import click

LAST_LINES = 15
SETTINGS = ("SLACK_", "TELEGRAM_", "INFERENCE_", "INBOX_", "ALLOWED_", "REPLY_IN_GROUPS")


class Processes:
    """Runs Python processes that import from `root`, in `folder`, where each has its log in a file of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._claims: list[socket.socket] = []
        # The settings of a bot that somebody runs here, in the environment or in a .env file, must not reach this one.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        self.environment = {**kept, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        for claim in self._claims:
            claim.close()

    def claim_ports(self, count: int) -> list[int]:
        """Find so many neighbouring ports that nobody listens on, for as long as these processes run."""
        for first in range(9100, 60000, count):
            # A port for TCP can be bound twice until one of the two listens; one for UDP can't, and tells others.
            claim = socket.socket(type=socket.SOCK_DGRAM)
            try:
                claim.bind(("127.0.0.1", first))
            except OSError:
                claim.close()
                continue
            self._claims.append(claim)
            if all(_is_free(port) for port in range(first, first + count)):
                return list(range(first, first + count))
        raise click.ClickException("There are no free ports on this machine.")

    def start(self, name: str, *arguments: str) -> None:
        """Start `python ARGUMENTS`."""
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 (our own programs)
                [sys.executable, *arguments], cwd=self._folder, env=self.environment, stdout=log, stderr=log
            )

    def start_and_hear(self, name: str, *arguments: str) -> dict[str, str]:
        """Start a process whose first line of output is a JSON object, and return that."""
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 (our own commands)
                [sys.executable, *arguments],
                cwd=self._folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._running[name] = process
        assert process.stdout is not None  # noqa: S101 (it was asked for)
        line = process.stdout.readline()
        if not line:
            process.wait()
            self.check()
        heard: dict[str, str] = json.loads(line)
        return heard

    def all_alive(self) -> bool:
        """Whether no process has ended."""
        return all(process.poll() is None for process in self._running.values())

    def check(self) -> None:
        """Raise click.ClickException with the last words of a process that has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise click.ClickException(f"{name} ended with status {process.returncode}.\n{self._tail(name)}")

    def last_words(self) -> str:
        """Quote the end of each log."""
        return "\n".join(f"--- {name}\n{self._tail(name)}" for name in self._running)

    def _tail(self, name: str) -> str:
        lines = (self._folder / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
