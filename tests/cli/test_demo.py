"""The demo, as continuous integration runs it: with the real model and no terminal."""

import subprocess
import sys
from pathlib import Path

START = "from cli.main import main; main()"


def test_the_demo_shows_a_caption_each_way_and_ends_without_a_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, "demo"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    http, slack, telegram = done.stdout.split("HTTP: ")[1].replace("Telegram: ", "Slack: ").split("Slack: ")
    assert "decode;dur=" in http
    for way in (slack, telegram):
        assert "captioned" in way
    assert [line.strip()[:2] for line in telegram.splitlines()[1:4]] == ["1.", "2.", "3."]
    assert "In the browser: http://127.0.0.1:" in telegram
