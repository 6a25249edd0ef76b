"""The same inbox on Postgres, for more than one machine; skipped where there is no Postgres to start."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.bot.conftest import make_photo
from tests.ports import free_port
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import texts, wait_until
from webhooks.local.mailbox import Mailbox

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True)
class Postgres:
    """A server of its own, with the URL that an inbox needs."""

    url: str
    control: Callable[[str], None]


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    if not BINARIES:
        pytest.skip("no Postgres on this machine")
    with running_postgres() as postgres:
        yield postgres


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    folder = Path(f"/tmp/captionbot-postgres-{os.getpid()}")
    folder.mkdir()
    user = None
    if os.getuid() == 0:
        # Postgres does not run as root.
        user = "postgres"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    port = free_port()
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"

    def run(*command: str) -> None:
        program = [str(BINARIES[-1] / command[0]), *command[1:]]
        subprocess.run(program, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "bot")

    def control(action: str) -> None:
        run("pg_ctl", "-D", f"{folder}/data", "-m", "fast", "-o", options, "-l", f"{folder}/log", "-w", action)

    control("start")
    try:
        yield Postgres(f"postgresql://bot@127.0.0.1:{port}/postgres", control)
    finally:
        control("stop")
        shutil.rmtree(folder)


@pytest.fixture
def here(tmp_path: Path, postgres: Postgres) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.inbox = here.environment["INBOX_URL"] = postgres.url
        yield here


def test_two_workers_on_postgres_answer_once_and_a_killed_one_is_replaced(here: Machine) -> None:
    here.start_door()
    worker = here.start_worker()
    here.slack.copies = 20
    first = here.slack.upload("C0GENERAL", [make_photo()])
    wait_until(lambda: texts(here, first))
    here.endpoint.pause = 30
    second = here.slack.upload("C0GENERAL", [make_photo()])
    wait_until(lambda: len(here.endpoint.seen) == 2)
    here.endpoint.pause = 0
    here.kill(worker)
    here.start_worker()
    here.start_worker()
    wait_until(lambda: texts(here, second))
    here.slack.settle()
    mailbox = Mailbox(here.inbox)
    wait_until(lambda: not mailbox.backlog().events)
    assert not mailbox.dead()
    mailbox.close()
    assert [len(texts(here, sent)) for sent in (first, second)] == [1, 1]


def listening(postgres: Postgres) -> int:
    """How many workers have begun."""
    with psycopg.connect(postgres.url) as connection:
        [[count]] = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        return int(count)


def test_a_postgres_that_is_started_anew_is_waited_for(here: Machine, postgres: Postgres) -> None:
    here.start_door()
    workers = [here.start_worker() for _ in range(2)]
    wait_until(lambda: listening(postgres) == 2)
    here.slack.sender.hurry = 20
    first = here.slack.upload("C0GENERAL", [make_photo()])
    wait_until(lambda: texts(here, first))
    here.endpoint.pause = 2
    second = here.slack.upload("C0GENERAL", [make_photo()])
    wait_until(lambda: len(here.endpoint.seen) == 2)
    postgres.control("restart")
    here.endpoint.pause = 0
    third = here.slack.upload("C0OTHER", [make_photo()])
    wait_until(lambda: texts(here, second) and texts(here, third))
    mailbox = Mailbox(here.inbox)
    wait_until(lambda: not mailbox.backlog().events)
    mailbox.close()
    assert [len(texts(here, sent)) for sent in (first, second, third)] == [1, 1, 1]
    assert [worker.poll() for worker in workers] == [None, None]
