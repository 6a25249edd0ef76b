"""An album is one reply, also when its worker is killed while it gathers or describes it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import all_answered, wait_until

PHOTOS = 3


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.start_door()
        here.telegram.set_webhook(f"http://127.0.0.1:{here.port}/telegram/webhook")
        yield here


def gathering(here: Machine) -> bool:
    """Whether a worker is there, and every photo, and it waits for more."""
    if not (here.folder / "inbox.sqlite-worker-1.wake").exists():
        return False
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database:
        rows = database.execute("SELECT job FROM events").fetchall()
    return rows == [(None,)] * PHOTOS


def gathers(here: Machine) -> None:
    here.environment["ALBUM_QUIET"] = "5"


def describes(here: Machine) -> None:
    here.endpoint.pause = 30


@pytest.mark.parametrize(
    ("prepare", "reached"),
    [(gathers, gathering), (describes, lambda here: bool(here.endpoint.seen))],
    ids=["while it gathers", "while it describes"],
)
def test_an_album_whose_worker_is_killed_gets_one_numbered_reply(
    here: Machine, prepare: Callable[[Machine], None], reached: Callable[[Machine], bool]
) -> None:
    prepare(here)
    worker = here.start_worker()
    chat = here.telegram.group()
    album = here.telegram.send_album(chat, [make_photo() for _ in range(PHOTOS)])
    here.telegram.settle()
    wait_until(lambda: reached(here))
    here.kill(worker)
    here.endpoint.pause = 0
    here.start_worker()
    wait_until(lambda: here.telegram.sent(chat))
    wait_until(lambda: all_answered(here))
    [reply] = here.telegram.sent(chat)
    assert reply.reply_to == album[0]["message_id"]
    assert [line[:2] for line in reply.text.splitlines()] == ["1.", "2.", "3."]
