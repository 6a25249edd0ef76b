"""`captionbot run` and `captionbot webhooks`, as somebody starts them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.ports import wait_for_port
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import texts, wait_until


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        yield here


def test_one_command_behind_a_public_url_answers_both_platforms(here: Machine) -> None:
    here.start("webhooks", "--port", str(here.port))
    wait_for_port(here.port)
    here.telegram.set_webhook(f"http://127.0.0.1:{here.port}/telegram/webhook")
    chat = here.telegram.private()
    sent = here.slack.upload("C0GENERAL", [make_photo()])
    here.telegram.send_photo(chat, make_photo())
    wait_until(lambda: texts(here, sent) and here.telegram.sent(chat))


def test_run_answers_both_platforms_without_a_public_url(here: Machine) -> None:
    here.slack.sender.url = None
    here.start("run")
    wait_until(lambda: here.slack.socket.connections)
    chat = here.telegram.private()
    sent = here.slack.upload("C0GENERAL", [make_photo()])
    here.telegram.send_photo(chat, make_photo())
    wait_until(lambda: texts(here, sent) and here.telegram.sent(chat))
    assert here.endpoint.pings


def test_run_with_one_platform_needs_nothing_of_the_other(here: Machine) -> None:
    for name in [name for name in here.environment if name.startswith("SLACK_")]:
        del here.environment[name]
    here.start("run")
    chat = here.telegram.private()
    here.telegram.send_photo(chat, make_photo())
    wait_until(lambda: here.telegram.sent(chat))


@pytest.mark.parametrize(
    ("command", "missing", "named"),
    [
        ("run", ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "TELEGRAM_BOT_TOKEN"), "TELEGRAM_BOT_TOKEN"),
        ("run", ("SLACK_APP_TOKEN",), "SLACK_APP_TOKEN"),
        ("webhooks", ("SLACK_SIGNING_SECRET", "TELEGRAM_WEBHOOK_SECRET"), "SLACK_SIGNING_SECRET"),
    ],
)
def test_a_missing_setting_is_named_in_a_sentence(
    here: Machine, command: str, missing: tuple[str, ...], named: str
) -> None:
    for name in missing:
        del here.environment[name]
    assert here.start(command).wait(30) == 2
    said = here.log.read_text()
    assert named in said
    assert "Traceback" not in said


def test_an_app_token_that_slack_refuses_is_named_in_a_sentence(here: Machine) -> None:
    here.environment["SLACK_APP_TOKEN"] = "xapp-of-somebody-else"
    assert here.start("run").wait(60) == 2
    said = here.log.read_text()
    assert "SLACK_APP_TOKEN" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [("run",), ("webhooks", "--only", "worker"), ("inbox", "list")])
def test_an_inbox_on_aws_is_emptied_on_aws(here: Machine, command: tuple[str, ...]) -> None:
    here.environment["INBOX_URL"] = "https://sqs.eu-central-1.amazonaws.com/123456789012/inbox"
    assert here.start(*command).wait(60) == 2
    said = here.log.read_text()
    assert "INBOX_URL" in said
    assert "Traceback" not in said
