"""A Slack, a Telegram, a caption endpoint and an AWS that live on this machine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox

if TYPE_CHECKING:
    from tests.sandbox.aws import AwsSandbox

pytest_plugins = ["tests.leaks"]


@pytest.fixture
def slack() -> Iterator[SlackSandbox]:
    with SlackSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[TelegramSandbox]:
    with TelegramSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def endpoint() -> Iterator[CaptionEndpoint]:
    with CaptionEndpoint() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[AwsSandbox]":
    from tests.sandbox.aws import AwsSandbox

    with AwsSandbox(tmp_path_factory.mktemp("aws")) as sandbox:
        yield sandbox
