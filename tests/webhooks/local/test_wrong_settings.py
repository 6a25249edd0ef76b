"""A wrong setting is a sentence on one line, exit code 2, and never a secret: in every command that reads it."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import BotSettings
from common.settings import SettingsError, read_settings
from tests.commands import captionbot
from tests.ports import free_port
from webhooks.local.address import check
from webhooks.local.database import Database

PASSWORD = "hush-hush-9"
BOT = {"TELEGRAM_BOT_TOKEN": "123456789:" + "A" * 35, "TELEGRAM_API_URL": "http://127.0.0.1:9"}
COMMANDS = [("run",), ("webhooks", "--only", "worker"), ("inbox", "list")]


def refused(folder: Path, *command: str, **settings: str) -> str:
    """Run a command that cannot work; what it says, which is one line."""
    done = captionbot(*command, cwd=folder, settings=BOT | settings)
    assert done.returncode == 2
    said = done.stderr.strip()
    assert len(said.splitlines()) == 1, said
    assert PASSWORD not in done.stdout + done.stderr
    assert "ush-9" not in done.stdout + done.stderr
    return said


def sentence(url: str) -> str:
    """What is said of an INBOX_URL."""
    with pytest.raises(SettingsError) as refused:
        check(Database(url), url)
    return clean(str(refused.value))


def wrong() -> str:
    """What is said of the settings in the environment."""
    with pytest.raises(SettingsError) as refused:
        read_settings(BotSettings)
    return clean(str(refused.value))


def clean(said: str) -> str:
    assert len(said.splitlines()) == 1, said
    assert "ush-9" not in said
    return said


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgresql+psycopg://bot:{PASSWORD}@127.0.0.1/inbox", "postgresql://"),
        (f"mysql://bot:{PASSWORD}@127.0.0.1/inbox", "sqlite:///path"),
        (f"PostgreSQL://bot:{PASSWORD}@127.0.0.1/inbox", "small letters"),
        ("SQLITE:///inbox.sqlite", "small letters"),
        (f"postgresql://bot:{PASSWORD}@more@127.0.0.1/inbox", "%40"),
        (f"postgresql://bot:{PASSWORD}#more@127.0.0.1/inbox", "%23"),
        (f"postgresql://bot:{PASSWORD}@[::1/inbox", "IPv6"),
        (f"postgresql://bot:{PASSWORD}@127.0.0.1:port/inbox", "a port is a number"),
        (f"postgresql://bot:{PASSWORD}@/inbox", "names no host"),
        ("sqlite://inbox.sqlite", "three slashes"),
        ("sqlite:///", "names no file"),
        ("inbox.sqlite", "is no URL"),
        (f"redis://:{PASSWORD}@127.0.0.1", "sqlite:///path"),
    ],
)
def test_an_inbox_url_of_the_wrong_form(tmp_path: Path, url: str, words: str) -> None:
    said = sentence(url)
    assert "INBOX_URL" in said and words in said


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_it_on_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = refused(tmp_path, *command, INBOX_URL=f"postgresql+psycopg://bot:{PASSWORD}@127.0.0.1/inbox")
    assert "write postgresql://" in said


def missing(folder: Path) -> Path:
    return folder / "nowhere" / "inbox.sqlite"


def read_only(folder: Path) -> Path:
    (folder / "locked").mkdir(mode=0o500)
    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    return folder / "locked" / "inbox.sqlite"


def no_folder(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / "inbox.sqlite"


def a_folder(folder: Path) -> Path:
    return folder


def corrupt(folder: Path) -> Path:
    (folder / "inbox.sqlite").write_bytes(b"no database at all" * 1000)
    return folder / "inbox.sqlite"


def damaged(folder: Path) -> Path:
    path = folder / "inbox.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE events (id TEXT PRIMARY KEY)")
        database.executemany("INSERT INTO events VALUES (?)", [(str(number) * 100,) for number in range(1000)])
    database.close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 4000 + content[4100:])
    return path


def another_programs(folder: Path) -> Path:
    path = folder / "inbox.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE events (id TEXT PRIMARY KEY, what TEXT)")
    database.close()
    return path


@pytest.mark.parametrize(
    "place",
    [missing, read_only, no_folder, a_folder, corrupt, damaged, another_programs],
    ids=lambda place: place.__name__,
)
def test_a_file_that_cannot_be_the_inbox(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    said = sentence(f"sqlite:///{place(tmp_path)}")
    assert "INBOX_URL" in said and str(tmp_path) in said


def test_a_front_door_whose_inbox_cannot_be_opened_does_not_open(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        *("webhooks", "--only", "door", "--port", str(free_port())),
        INBOX_URL=f"sqlite:///{missing(tmp_path)}",
        TELEGRAM_WEBHOOK_SECRET="s" * 32,
    )
    assert "INBOX_URL" in said


def test_a_postgres_that_is_down(tmp_path: Path) -> None:
    port = free_port()
    said = refused(tmp_path, "inbox", "list", INBOX_URL=f"postgresql://bot:{PASSWORD}@127.0.0.1:{port}/inbox")
    assert f"127.0.0.1, port {port}" in said


@pytest.mark.parametrize("name", ["INFERENCE_URL", "TELEGRAM_API_URL", "SLACK_API_URL", "SLACK_FILES_URL"])
@pytest.mark.parametrize(
    "url", ["http://[::1", "127.0.0.1:8000", f"http://user:{PASSWORD}@[::1", f"ftp://user:{PASSWORD}@host/"]
)
def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    monkeypatch.setenv(name, url)
    said = wrong()
    assert said.startswith(f"{name} should be a URL") and "[::1]" in said


@pytest.mark.parametrize("name", ["INFERENCE_API_KEY", "TELEGRAM_BOT_TOKEN", "SLACK_SIGNING_SECRET"])
def test_a_key_that_is_not_ascii(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, f"{PASSWORD}é")
    assert wrong().startswith(name)


@pytest.mark.parametrize("name", ["TELEGRAM_API_URL", "INBOX_URL"])
def test_a_password_in_an_address_is_in_no_output(tmp_path: Path, name: str) -> None:
    scheme = "postgresql" if name == "INBOX_URL" else "http"
    settings = BOT | {
        "SLACK_BOT_TOKEN": "xoxb-" + "1" * 20,
        "SLACK_SIGNING_SECRET": "a" * 32,
        name: f"{scheme}://user:{PASSWORD}@127.0.0.1:9",
    }
    for command in (("doctor",), ("telegram", "webhook-info"), ("inbox", "list"))[: None if name == "INBOX_URL" else 2]:
        done = captionbot(*command, cwd=tmp_path, settings=settings)
        assert done.returncode
        assert PASSWORD not in done.stdout + done.stderr


def test_a_fault_of_its_own_is_told_without_secrets(tmp_path: Path) -> None:
    code = (
        "from cli.serving import bot_settings\n"
        "settings = bot_settings()\n"
        "raise OSError('no route to ' + settings.inbox_url.reveal() + settings.telegram_bot_token.reveal())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=BOT
        | {"PYTHONPATH": str(Path(__file__).parents[3]), "INBOX_URL": f"postgresql://bot:{PASSWORD}@host/inbox"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert re.search(r"OSError: no route to \*\*\*", done.stderr)
    assert PASSWORD not in done.stderr
    assert "A" * 35 not in done.stderr
