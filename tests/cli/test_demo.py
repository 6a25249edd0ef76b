"""The demo, as continuous integration runs it: with the real model and no terminal."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

START = "from cli.main import main; main()"


def test_the_demo_shows_a_caption_each_way_and_ends_without_a_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, "demo"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    http, slack, telegram = done.stdout.split("HTTP: ")[1].replace("Telegram: ", "Slack: ").split("Slack: ")
    assert "decode;dur=" in http
    for way in (slack, telegram):
        [line] = re.findall(r"^  \((.+)\)$", way, re.MULTILINE)
        whole, *parts = map(float, re.findall(r"([0-9.]+) s\b", line))
        assert "waited in the inbox" in line and len(parts) == 6
        assert sum(parts) == pytest.approx(whole, abs=0.2), "it tells where every second went"
    assert [line.strip()[:2] for line in telegram.splitlines()[1:4]] == ["1.", "2.", "3."]
    assert "In the browser" not in telegram, "nobody could look at a page that is gone"
    assert "make demo DEMO=--stay" in telegram
