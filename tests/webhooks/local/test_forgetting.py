"""Finished events are forgotten after a day, dead letters after two weeks: a worker's rows, made old by hand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.sandbox.slack_person import Sent
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import GENERAL, all_answered, texts, wait_until

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.environment |= {"ATTEMPTS": "1", "CAPTION_TIMEOUT": "0.5"}
        here.start_door()
        yield here


def answered(here: Machine) -> Sent:
    sent = here.slack.upload(GENERAL, [make_photo()])
    wait_until(lambda: texts(here, sent) and all_answered(here))
    return sent


def given_up(here: Machine) -> Sent:
    """An event that got its apology, because the endpoint was down."""
    here.endpoint.stop()
    sent = answered(here)
    here.endpoint.start()
    return sent


def job(sent: Sent) -> str:
    return f"slack-{sent.payload['event_id']}"


def ages(here: Machine, sent: Sent, seconds: float, copies: int = 0) -> None:
    """Let so much time pass for an event; `copies` more workflows ended with it."""
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database, database:
        name = f"{job(sent)}.0"
        database.execute("UPDATE events SET finished = finished - ? WHERE id = ?", (seconds, job(sent)))
        changed = database.execute(
            "UPDATE workflow_status SET completed_at = completed_at - ? WHERE workflow_uuid = ?", (1000 * seconds, name)
        )
        assert changed.rowcount == 1
        columns = [row[1] for row in database.execute("PRAGMA table_info(workflow_status)")]
        others = ", ".join(column for column in columns if column != "workflow_uuid")
        for copy in range(copies):
            database.execute(
                f"INSERT INTO workflow_status (workflow_uuid, {others})"
                f" SELECT ?, {others} FROM workflow_status WHERE workflow_uuid = ?",
                (f"{name}-{copy}", name),
            )


def known(here: Machine, sent: Sent) -> dict[str, int]:
    """How many rows of each table are about an event."""
    about = {
        "events": "SELECT count(*) FROM events WHERE id = ?",
        "workflows": "SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE ? || '.%'",
        "steps": "SELECT count(*) FROM operation_outputs WHERE workflow_uuid LIKE ? || '.%'",
    }
    with closing(sqlite3.connect(here.folder / "inbox.sqlite")) as database:
        return {table: database.execute(query, (job(sent),)).fetchone()[0] for table, query in about.items()}


NOTHING = {"events": 0, "workflows": 0, "steps": 0}


def test_what_was_answered_a_day_ago_is_forgotten_and_nothing_else(here: Machine) -> None:
    worker = here.start_worker()
    old, young, dead = answered(here), answered(here), given_up(here)
    here.kill(worker)
    ages(here, old, DAY + HOUR, copies=1100)
    ages(here, young, DAY - HOUR)
    ages(here, dead, DAY + HOUR)
    assert known(here, old)["workflows"] == 1101
    waiting = here.slack.upload(GENERAL, [make_photo()])
    here.start_worker()
    wait_until(lambda: known(here, old) == NOTHING)
    assert min(known(here, young).values()) > 0
    assert known(here, dead)["events"] == 1
    wait_until(lambda: texts(here, waiting))
    # Whoever is delivered again within the day finds itself answered.
    here.slack.deliver(young.payload)
    here.slack.settle()
    wait_until(lambda: all_answered(here))
    assert len(texts(here, young)) == 1


def test_a_dead_letter_is_kept_for_two_weeks(here: Machine) -> None:
    worker = here.start_worker()
    dead, other = given_up(here), given_up(here)
    here.kill(worker)
    ages(here, dead, 14 * DAY + HOUR)
    ages(here, other, 14 * DAY - HOUR)
    here.start_worker()
    wait_until(lambda: known(here, dead) == NOTHING)
    assert known(here, other)["events"] == 1
