"""A Slack and a Telegram that live on this machine."""

from collections.abc import Iterator

import pytest

from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox


@pytest.fixture
def slack() -> Iterator[SlackSandbox]:
    with SlackSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[TelegramSandbox]:
    with TelegramSandbox() as sandbox:
        yield sandbox
