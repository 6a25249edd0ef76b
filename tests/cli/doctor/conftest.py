"""A machine for `captionbot doctor` to look at, in a terminal."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bot.conftest import KEY
from tests.cli.terminal import terminal
from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackSandbox
from tests.sandbox.telegram import WEBHOOK_SECRET, TelegramSandbox
from tests.sandbox.telegram_world import TOKEN
from webhooks.local.mailbox import Mailbox

SECRETS = (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, TOKEN, WEBHOOK_SECRET, KEY)
STAND_IN = "http://127.0.0.1:9"  # a port on which nobody listens


@dataclass
class Machine:
    """A machine on which the bot is set up well; `doctor` looks at it."""

    folder: Path
    environment: dict[str, str]
    slack: SlackSandbox
    telegram: TelegramSandbox
    endpoint: CaptionEndpoint

    def doctor(self) -> tuple[int, str]:
        with terminal(self.folder, self.environment, "doctor") as person:
            status = person.end()
            assert not [secret for secret in SECRETS if secret in person.screen]
            return status, person.screen

    def json(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """The findings by their subjects."""
        with terminal(self.folder, self.environment, "doctor", "--json") as person:
            status = person.end()
            report = json.loads(person.screen)
        assert report["ok"] is (status == 0)
        return status, {finding["subject"]: finding for finding in report["findings"]}

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.environment["INBOX_URL"])


@pytest.fixture
def machine(tmp_path: Path, slack: SlackSandbox, sandbox: TelegramSandbox, endpoint: CaptionEndpoint) -> Machine:
    sandbox.set_webhook(f"{STAND_IN}/telegram/webhook")
    environment = {
        **slack.environment,
        **sandbox.environment,
        "INFERENCE_URL": endpoint.url,
        "INFERENCE_API_KEY": KEY,
        "INBOX_URL": f"sqlite:///{tmp_path / 'inbox.sqlite'}",
    }
    return Machine(tmp_path, environment, slack, sandbox, endpoint)
