"""The search for leaks finds them, wherever they are: else its silence about all other tests would mean nothing."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.leaks import GIVEN_AWAY, leaks
from tests.sandbox.slack import BOT_TOKEN
from tests.sandbox.telegram_world import TOKEN

ROOT = Path(__file__).parents[1]
IMPORTS = """
import logging, os, subprocess, sys, threading
import pytest
from tests.sandbox.telegram_world import TOKEN

log = logging.getLogger("somewhere.deep")
"""
WAYS = {
    "a message": "log.info('calling %s', TOKEN)",
    "a field": "log.info('calling', extra={'target': {'url': TOKEN}})",
    "a traceback": "try:\n        raise OSError(TOKEN)\n    except OSError:\n        log.exception('failed')",
    "stdout": "print(TOKEN)",
    "stderr": "sys.stderr.write(TOKEN)",
    "a process": "subprocess.run([sys.executable, '-c', 'print(input())'], input=TOKEN.encode())",
    "a process's log": "(tmp_path / 'log.txt').write_text(TOKEN)",
    "a thread": "thread = threading.Thread(target=log.warning, args=(TOKEN,)); thread.start(); thread.join()",
    "a new configuration": "logging.basicConfig(force=True); print(TOKEN)",
    "a URL": "log.info('GET https://api.telegram.org/bot%s/getMe', TOKEN.replace(':', '%3A'))",
    "its teardown": "request.addfinalizer(lambda: log.info(TOKEN))",
    "a test that fails": "log.info(TOKEN); raise ValueError",
}


OUTLIVES = """
@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    yield
    (folder / "server.log").write_text(TOKEN)

def test_with_a_server(server):
    pass
"""
CLEAN = """
def test_clean(tmp_path):
    print(TOKEN[:9])
    log.info("GET /bot***/getMe?ticket=***")
"""


def run(story: str) -> subprocess.CompletedProcess[str]:
    """Run a test file with the plugin, as a session of its own, where this session's search does not look."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "test_story.py").write_text(IMPORTS + story)
        options = ["-p", "tests.leaks", "-o", "log_level=INFO", "--basetemp", str(Path(folder) / "tmp")]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *options, "test_story.py"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def said() -> str:
    """The summary of a run of tests of which each gives the token away in another way, and one does not."""
    tests = (f"def test_{number}(request, tmp_path):\n    {way}\n" for number, way in enumerate(WAYS.values()))
    return run("\n".join([*tests, CLEAN])).stdout


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_found_in(way: str, said: str) -> None:
    name = f"ERROR test_story.py::test_{list(WAYS).index(way)} - The lines that this test wrote give away"
    assert any(line.startswith(name) for line in said.splitlines())


def test_a_test_that_gives_nothing_away_passes(said: str) -> None:
    assert "test_clean" not in said


def test_a_token_is_found_in_the_log_of_a_process_that_outlives_its_test() -> None:
    done = run(OUTLIVES)
    assert done.returncode == 1
    assert "1 passed" in done.stdout
    assert "logs that give something away" in done.stdout


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"Bearer {BOT_TOKEN}", "Slack's bot token"),
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "Telegram's token"),
        ("GET https://files.slack.com/files-pri/T1-F1/cat.jpg", "a file's URL in Slack"),
        ("GET https://files.slack.com/files-tmb/T1-F1/cat_360.jpg", "a file's URL in Slack"),
        ("GET https://api.telegram.org/file/bot1:x/photos/1.jpg", "a file's URL in Telegram"),
        ("wss://wss.slack.com/link/?ticket=1-2&app_id=3", "a ticket of Socket Mode"),
    ],
)
def test_each_kind_is_called_by_its_name(line: str, kind: str) -> None:
    assert kind in GIVEN_AWAY
    [found] = leaks(f"before\n{line}\nafter")
    assert found == f"{kind} in: {line}"
