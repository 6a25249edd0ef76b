"""A person at a terminal: `captionbot` in a pseudo-terminal, in a folder of its own."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pexpect

ROOT = Path(__file__).parents[2]
START = "from cli.main import main; main()"
PATIENCE = 120  # seconds


class Terminal:
    """What was shown is `screen`; `answer` waits for a question and types."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *words: str) -> None:
        self._shown = StringIO()
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._child = pexpect.spawn(
            sys.executable,
            ["-c", START, *words],
            cwd=str(folder),
            env={**kept, "PYTHONPATH": str(ROOT), "TERM": "dumb", "LANG": "C.UTF-8", **environment},
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(50, 240),
            # A test run in a shell's background ignores Ctrl-C, and so would all that it starts.
            preexec_fn=heed_interrupts,
        )
        self._child.logfile_read = self._shown

    @property
    def screen(self) -> str:
        return self._shown.getvalue().replace("\r\n", "\n")

    def wait_for(self, words: str) -> None:
        self._child.expect_exact(words)

    def answer(self, question: str, typed: str = "") -> None:
        self.wait_for(question)
        self._child.expect_exact(": ")
        self._child.sendline(typed)

    def interrupt(self) -> None:
        self._child.sendintr()

    def end(self) -> int:
        """Wait until the program has ended; its exit status."""
        self._child.expect_exact(pexpect.EOF)
        self._child.close()
        assert "Traceback" not in self.screen, self.screen
        assert self._child.exitstatus is not None
        return int(self._child.exitstatus)

    def close(self) -> None:
        self._child.close(force=True)


def heed_interrupts() -> None:
    """Take Ctrl-C as a program does that a person starts: for a new process to call."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def terminal(folder: Path, environment: Mapping[str, str], *words: str) -> Iterator[Terminal]:
    opened = Terminal(folder, environment, *words)
    try:
        yield opened
    finally:
        opened.close()
        print(opened.screen)
