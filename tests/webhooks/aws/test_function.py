"""The front door as a function, and what it does without."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.settings import BotSettings
from common.settings import Secret, SettingsError
from tests.sandbox.aws import TABLE, AwsSandbox
from tests.sandbox.lambda_function import REGION
from tests.sandbox.lambda_url import CREDENTIALS
from tests.sandbox.slack import SIGNING_SECRET
from tests.sandbox.slack_events import signed
from tests.webhooks.conftest import TELEGRAM_SECRET, BrokenInbox, serving, settings_for
from tests.webhooks.test_front_door import PHOTO, SECRET, UPLOAD
from webhooks.aws.function import FrontDoor
from webhooks.aws.queue_messages import Gather, Wake, read
from webhooks.deliveries import Source
from webhooks.inbox import Event, Inbox
from webhooks.opening import open_inbox
from webhooks.slack import Slack
from webhooks.telegram import Telegram

HANDLERS = ("webhooks.aws.slack", "webhooks.aws.telegram", "webhooks.aws.worker")


class Shelf:
    def __init__(self) -> None:
        self.events: list[Event] = []

    async def put(self, event: Event) -> None:
        self.events.append(event)


@contextmanager
def opened(source: Source, inbox: Inbox) -> Iterator[FrontDoor]:
    door = FrontDoor(source, inbox)
    yield door
    door._loop.close()  # on Lambda it ends with the process


def delivery(body: bytes, headers: dict[str, str], *, encoded: bool = False, method: str = "POST") -> dict[str, Any]:
    return {
        "version": "2.0",
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {"http": {"method": method, "path": "/"}},
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


@pytest.mark.parametrize("encoded", [False, True])
def test_a_delivery_is_kept_whichever_way_lambda_hands_it_on(encoded: bool) -> None:
    shelf = Shelf()
    body, headers = signed(UPLOAD | {"note": "né à Köln"}, SIGNING_SECRET)
    with opened(Slack(SIGNING_SECRET), shelf) as door:
        answer = door(delivery(body, headers, encoded=encoded), None)
    assert (answer["statusCode"], answer["body"]) == (200, "")
    photo = json.dumps(PHOTO).encode()
    with opened(Telegram(TELEGRAM_SECRET), shelf) as door:
        assert door(delivery(photo, SECRET), None)["statusCode"] == 200
    assert [event.id for event in shelf.events] == ["slack-Ev1", "telegram-7"]


def test_slack_gets_its_challenge_back() -> None:
    body, headers = signed({"type": "url_verification", "challenge": "3eZbrw1aB10"}, SIGNING_SECRET)
    with opened(Slack(SIGNING_SECRET), Shelf()) as door:
        answer = door(delivery(body, headers), None)
    assert (answer["statusCode"], answer["body"]) == (200, "3eZbrw1aB10")


def test_what_is_no_delivery_is_refused() -> None:
    shelf = Shelf()
    body, headers = signed(UPLOAD, SIGNING_SECRET)
    broken = delivery(body, headers) | {"body": "a", "isBase64Encoded": True}
    nothing = {name: value for name, value in delivery(b"", headers).items() if name != "body"}
    for event, status in (
        (delivery(body, headers, method="GET"), 405),
        (delivery(body + b" ", headers), 401),
        (delivery(b"x" * 1_000_001, headers), 413),
        (broken, 400),
        (nothing, 401),
    ):
        with opened(Slack(SIGNING_SECRET), shelf) as door:
            assert door(event, None)["statusCode"] == status
    assert shelf.events == []


def test_an_inbox_that_fails_makes_the_platform_deliver_again() -> None:
    body, headers = signed(UPLOAD, SIGNING_SECRET)
    with opened(Slack(SIGNING_SECRET), BrokenInbox()) as door:
        assert door(delivery(body, headers), None)["statusCode"] == 503


def test_a_front_door_on_a_machine_can_hand_over_to_a_queue(
    aws: AwsSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, http_client: httpx.Client
) -> None:
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)
    queue = aws.queue("from-a-machine", receives=3, visibility=60)
    settings = settings_for(tmp_path, inbox_url=Secret(queue), claims_table=TABLE, album_quiet=0.2)
    album = json.loads(json.dumps(PHOTO | {"update_id": 9}))
    album["message"]["media_group_id"] = "12"
    with serving(settings, open_inbox(settings)) as url:
        body, headers = signed(UPLOAD, SIGNING_SECRET)
        assert http_client.post(f"{url}/slack/events", content=body, headers=headers).status_code == 200
        assert http_client.post(f"{url}/telegram/webhook", json=album, headers=SECRET).status_code == 200
    messages = []
    for _ in range(2):
        received = aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        messages += [read(message["Body"]) for message in received.get("Messages", [])]
    assert {(type(message), message.id) for message in messages} == {
        (Event, "slack-Ev1"),
        (Wake, "telegram-9"),
        (Gather, "telegram-9"),
    }


def test_a_queue_without_its_table_is_told(tmp_path: Path) -> None:
    settings: BotSettings = settings_for(tmp_path, inbox_url=Secret("https://sqs.eu-central-1.amazonaws.com/1/inbox"))
    with pytest.raises(SettingsError, match="CLAIMS_TABLE"):
        open_inbox(settings)


@pytest.mark.parametrize(
    ("module", "without"),
    [
        (
            "webhooks.aws.slack",
            {"PIL", "aiohttp", "boto3", "fastapi", "httpx", "numpy", "slack_sdk", "sqlite3", "telegram"},
        ),
        ("webhooks.aws.telegram", {"PIL", "aiohttp", "boto3", "fastapi", "httpx", "numpy", "slack_sdk", "telegram"}),
        ("webhooks.aws.worker", {"fastapi", "numpy", "onnxruntime", "psycopg", "sqlalchemy", "torch", "uvicorn"}),
    ],
)
def test_a_function_starts_without_what_it_does_not_need(module: str, without: set[str]) -> None:
    environment = {
        **CREDENTIALS,
        "AWS_REGION": REGION,
        "INBOX_URL": "https://sqs.eu-central-1.amazonaws.com/1/inbox",
        "CLAIMS_TABLE": TABLE,
        "SLACK_SIGNING_SECRET": "s",
        "SLACK_BOT_TOKEN": "t",
        "TELEGRAM_WEBHOOK_SECRET": "s",
    }
    code = f"import json, sys, {module}; {module}.handler; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert not {name.partition(".")[0] for name in json.loads(done.stdout)} & without
