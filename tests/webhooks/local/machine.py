"""One machine that runs the bot: front door and workers as processes, which may be killed at any moment."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port, wait_for_port
from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox

START = "from cli.main import main; main()"


class Machine:
    """Starts processes over one inbox; `log` is what all of them wrote, which `tests.leaks` looks through."""

    def __init__(self, folder: Path, endpoint: CaptionEndpoint, slack: SlackSandbox, telegram: TelegramSandbox) -> None:
        self.folder = self.disk = folder
        self.endpoint, self.slack, self.telegram = endpoint, slack, telegram
        self.log = folder / "log.txt"
        self.port = free_port()
        self.inbox = f"sqlite:///{folder / 'inbox.sqlite'}"
        self._running: list[subprocess.Popen[bytes]] = []
        self._leaving: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "INBOX_URL": self.inbox,
            "INFERENCE_URL": endpoint.url,
            "CAPTION_TIMEOUT": "2",
            "ALBUM_QUIET": "0.5",
            "PHOTOS_PER_MINUTE": "1000",
            **slack.environment,
            **telegram.environment,
        }

    def start(self, command: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", START, command, *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self._running.append(process)
        return process

    def start_door(self) -> subprocess.Popen[bytes]:
        door = self.start("webhooks", "--only", "door", "--port", str(self.port))
        wait_for_port(self.port)
        return door

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start("webhooks", "--only", "worker")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._running.remove(process)

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Let a process that was told to stop do so by itself."""
        self._running.remove(process)
        self._leaving.append(process)

    def stop(self) -> None:
        for process in self._running:
            process.terminate()
        for process in (*self._running, *self._leaving):
            process.wait(30)
        self._running.clear()
        self._leaving.clear()


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine with nothing running yet, and the three servers that it talks to."""
    with CaptionEndpoint() as endpoint, SlackSandbox() as slack, TelegramSandbox() as telegram:
        here = Machine(folder, endpoint, slack, telegram)
        slack.sender.url = f"http://127.0.0.1:{here.port}/slack/events"
        try:
            yield here
        finally:
            here.stop()
