"""An event wakes the workers, whatever process it was put in by; nobody has to look."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.webhooks.local.test_postgres import BINARIES, running_postgres
from webhooks.inbox import Event
from webhooks.local.bell import listening
from webhooks.local.mailbox import Mailbox

PUT = """
import asyncio, sys
from webhooks.inbox import Event
from webhooks.local.mailbox import Mailbox
asyncio.run(Mailbox(sys.argv[1]).put(Event("slack-Ev2", "slack", "C1", None, {})))
"""


async def hears(url: str, path: str | None) -> None:
    mailbox, heard = Mailbox(url), asyncio.Event()
    await asyncio.to_thread(mailbox.check)
    with listening(url, path, 1, heard.set), listening(url, path, 2, lambda: None):
        # Postgres' listener has to connect first.
        while not heard.is_set():
            await mailbox.put(Event(f"slack-{asyncio.get_running_loop().time()}", "slack", "C1", None, {}))
            await asyncio.sleep(0.1)
        heard.clear()
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", PUT, url], check=True, cwd=ROOT)
        async with asyncio.timeout(5):
            await heard.wait()
        # What is there already wakes nobody.
        heard.clear()
        if path is None:
            await mailbox.put(Event("slack-Ev2", "slack", "C1", None, {}))
            await asyncio.sleep(0.3)
            assert not heard.is_set()
    mailbox.close()


ROOT = Path(__file__).parents[3]


async def test_between_processes_over_sqlite(tmp_path: Path) -> None:
    path = str(tmp_path / ("a name longer than a socket's may be " * 5) / "inbox.sqlite")
    Path(path).parent.mkdir()
    await hears(f"sqlite:///{path}", path)


@pytest.mark.skipif(not BINARIES, reason="no Postgres on this machine")
async def test_between_processes_over_postgres() -> None:
    with running_postgres() as postgres:
        await hears(postgres.url, None)


async def test_a_worker_that_is_not_there_is_rung_for_in_vain(tmp_path: Path) -> None:
    path = str(tmp_path / "inbox.sqlite")
    with listening(f"sqlite:///{path}", path, 1, lambda: None):
        pass
    mailbox = Mailbox(f"sqlite:///{path}")
    for number in range(3):
        await mailbox.put(Event(f"slack-{number}", "slack", "C1", None, {}))
    assert len(mailbox.waiting()) == 3
    mailbox.close()


async def test_a_pipe_that_was_left_full_is_no_trouble(tmp_path: Path) -> None:
    path, rung = str(tmp_path / "inbox.sqlite"), 0
    mailbox = Mailbox(f"sqlite:///{path}")

    def wake() -> None:
        nonlocal rung
        rung += 1

    with listening(f"sqlite:///{path}", path, 1, wake):
        for _ in range(20_000):
            mailbox._bell.ring()
        await asyncio.sleep(0.1)
    assert 1 <= rung < 10, "as often as it takes to empty the pipe, not as often as it was rung"
    mailbox.close()
