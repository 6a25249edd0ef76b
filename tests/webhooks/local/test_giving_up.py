"""What will fail again until the operator has mended it is tried once, told, and kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.sandbox.slack_faults import Error
from tests.webhooks.local.machine import Machine, machine
from webhooks.local.mailbox import Mailbox


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        yield here


def test_a_revoked_token_is_tried_once_and_the_photo_waits_for_a_new_one(here: Machine) -> None:
    here.slack.faults.add("chat.postMessage", Error("token_revoked"), times=2)  # the answer, and the apology
    here.start_door()
    here.start_worker()
    sent = here.slack.upload("C0GENERAL", [make_photo()])
    mailbox = Mailbox(here.inbox)
    here.slack.wait_until(
        lambda: [call.method for call in here.slack.workspace.calls].count("chat.postMessage") == 2, 30
    )
    [dead] = mailbox.dead()
    assert dead.failure == "chat.postMessage: token_revoked"
    assert "SLACK_BOT_TOKEN" in here.log.read_text()
    assert len(here.endpoint.seen) == 1
    assert here.start("inbox", "retry", "--all").wait(30) == 0
    here.slack.wait_until(lambda: here.slack.replies(sent), 30)
    assert [reply.text.startswith("A photo like") for reply in here.slack.replies(sent)] == [True]
    mailbox.close()


def test_a_deleted_photo_takes_its_answer_along(here: Machine) -> None:
    here.start_door()
    here.start_worker()
    sent = here.slack.upload("C0GENERAL", [make_photo()])
    here.slack.wait_until(lambda: here.slack.replies(sent), 30)
    here.slack.delete(sent)
    here.slack.wait_until(lambda: not here.slack.posted, 30)
