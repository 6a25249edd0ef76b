"""`captionbot` as somebody types it: a process of its own, without the settings of the machine that tests it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CAPTIONBOT = str(Path(sys.executable).with_name("captionbot"))


def captionbot(
    *arguments: str | Path, cwd: Path, settings: Mapping[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run it to its end. What it wrote is among what the test wrote, and so looked through for secrets."""
    done = subprocess.run(
        [CAPTIONBOT, *map(str, arguments)],
        cwd=cwd,
        env=_surroundings(cwd, settings),
        input=stdin,
        capture_output=True,
    )
    out, err = done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="surrogateescape")
    print(ascii(out), ascii(err))
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@contextmanager
def running(
    *arguments: str | Path, cwd: Path, settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run it in the background, with its log in `log.txt`; in the end it is told to stop."""
    log = cwd / "log.txt"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [CAPTIONBOT, *map(str, arguments)],
            cwd=cwd,
            env=_surroundings(cwd, settings),
            stdout=stream,
            stderr=stream,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
        print(log.read_text())


def _surroundings(home: Path, settings: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **(settings or {})}
