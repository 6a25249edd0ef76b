"""A Slack and a Telegram that several deployments share."""

from collections.abc import Iterator

import pytest

from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[SlackSandbox, TelegramSandbox]]:
    with SlackSandbox() as slack, TelegramSandbox() as telegram:
        yield slack, telegram
