"""A front door on a local port, over an inbox in a temporary file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn

from bot.settings import BotSettings
from common.settings import Secret
from tests.ports import free_port
from tests.sandbox.slack import SIGNING_SECRET
from tests.uvicorn_thread import running
from webhooks.front_door import create_app
from webhooks.inbox import Event, Inbox, InboxError
from webhooks.local.mailbox import Mailbox

TELEGRAM_SECRET = "sandbox-webhook-secret-0123456789"


@dataclass
class Door:
    url: str
    mailbox: Mailbox

    @property
    def slack(self) -> str:
        return f"{self.url}/slack/events"

    @property
    def telegram(self) -> str:
        return f"{self.url}/telegram/webhook"

    def taken(self) -> list[str]:
        """The ids of the events in the inbox, in the order of their arrival."""
        return self.mailbox.waiting()


@contextmanager
def serving(settings: BotSettings, inbox: Inbox) -> Iterator[str]:
    port = free_port()
    with running(uvicorn.Config(create_app(settings, inbox), port=port, log_config=None, lifespan="off")):
        yield f"http://127.0.0.1:{port}"


def settings_for(path: Path, **others: object) -> BotSettings:
    values: dict[str, object] = {
        "inbox_url": Secret(f"sqlite:///{path / 'inbox.sqlite'}"),
        "slack_signing_secret": Secret(SIGNING_SECRET),
        "telegram_webhook_secret": Secret(TELEGRAM_SECRET),
    }
    return msgspec.structs.replace(BotSettings(), **(values | others))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    settings = settings_for(tmp_path)
    mailbox = Mailbox(settings.inbox_url.reveal())
    with serving(settings, mailbox) as url:
        yield Door(url, mailbox)
    mailbox.close()


@pytest.fixture(scope="session")
def http_client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


class BrokenInbox:
    async def put(self, event: Event) -> None:
        raise InboxError("the disk is full")
