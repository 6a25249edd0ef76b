"""`captionbot web` from a terminal."""

import os
import socket
import subprocess
import sys
from pathlib import Path

START = "from cli.main import main; main()"


def web(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    here = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3]), **environment}
    return subprocess.run(
        [sys.executable, "-c", START, "web", *arguments], cwd=folder, env=here, capture_output=True, text=True
    )


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = web(tmp_path, "--port", port)
    assert done.returncode != 0
    assert f"Port {port} is" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_malformed_setting_is_named(tmp_path: Path) -> None:
    done = web(tmp_path, CAPTION_TIMEOUT="soon")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: CAPTION_TIMEOUT")
