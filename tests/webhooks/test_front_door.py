"""What gets through the front door, and what does not."""

import asyncio
import http.client
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.slack import SIGNING_SECRET
from tests.sandbox.slack_events import signed
from tests.sandbox.slack_workspace import JSON
from tests.webhooks.conftest import TELEGRAM_SECRET, BrokenInbox, Door, serving, settings_for

UPLOAD = {
    "type": "event_callback",
    "team_id": "T1",
    "event_id": "Ev1",
    "event": {"type": "message", "subtype": "file_share", "channel": "C1", "user": "U1", "files": [{"id": "F1"}]},
}
PHOTO = {
    "update_id": 7,
    "message": {
        "message_id": 1,
        "date": 0,
        "chat": {"id": 5, "type": "private"},
        "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}],
    },
}
SECRET = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}


def slack(
    door: Door, client: httpx.Client, payload: JSON | bytes, secret: str = SIGNING_SECRET, at: float | None = None
) -> httpx.Response:
    body, headers = signed(payload, secret, at)
    return client.post(door.slack, content=body, headers=headers)


def test_a_photo_from_each_platform_is_acknowledged_and_kept(door: Door, http_client: httpx.Client) -> None:
    assert slack(door, http_client, UPLOAD).status_code == 200
    assert http_client.post(door.telegram, json=PHOTO, headers=SECRET).status_code == 200
    assert door.taken() == ["slack-Ev1", "telegram-7"]


def test_an_event_delivered_again_is_kept_once(door: Door, http_client: httpx.Client) -> None:
    for _ in range(3):
        assert slack(door, http_client, UPLOAD).status_code == 200
        assert http_client.post(door.telegram, json=PHOTO, headers=SECRET).status_code == 200
    assert door.taken() == ["slack-Ev1", "telegram-7"]


def test_slack_gets_its_challenge_back_only_when_it_signs(door: Door, http_client: httpx.Client) -> None:
    challenge = {"type": "url_verification", "challenge": "3eZbrw1aB10"}
    answer = slack(door, http_client, challenge)
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB10")
    assert http_client.post(door.slack, json=challenge).status_code == 401


@pytest.mark.parametrize("age", [-330, 301, 3600 * 24])  # time goes on between here and there
def test_a_replayed_slack_delivery_is_refused(door: Door, http_client: httpx.Client, age: float) -> None:
    assert slack(door, http_client, UPLOAD, at=time.time() - age).status_code == 401
    assert door.taken() == []


@pytest.mark.parametrize(
    "forgery",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=\xe9"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "\xb2"},
        {"X-Slack-Request-Timestamp": "9" * 5000},
        {"X-Slack-Request-Timestamp": "-1"},
    ],
)
def test_a_forged_slack_delivery_is_refused(door: Door, http_client: httpx.Client, forgery: dict[str, str]) -> None:
    body, headers = signed(UPLOAD, SIGNING_SECRET)
    sent = [(name.encode(), value.encode("latin-1")) for name, value in (headers | forgery).items()]
    assert http_client.post(door.slack, content=body, headers=sent).status_code == 401
    assert door.taken() == []


def test_a_slack_delivery_signed_with_another_secret_or_changed_on_its_way_is_refused(
    door: Door, http_client: httpx.Client
) -> None:
    assert slack(door, http_client, UPLOAD, secret="another secret").status_code == 401
    body, headers = signed(UPLOAD, SIGNING_SECRET)
    for changed in (body + b" ", body[:-1], body.replace(b"C1", b"C2"), b""):
        assert http_client.post(door.slack, content=changed, headers=headers).status_code == 401
    assert door.taken() == []


@pytest.mark.parametrize("secret", ["", "wrong", TELEGRAM_SECRET + "x", "\xe9"])
def test_a_telegram_delivery_without_the_secret_is_refused(door: Door, http_client: httpx.Client, secret: str) -> None:
    headers = [(b"X-Telegram-Bot-Api-Secret-Token", secret.encode("latin-1"))]
    assert http_client.post(door.telegram, json=PHOTO, headers=headers).status_code == 401
    assert http_client.post(door.telegram, json=PHOTO).status_code == 401
    assert door.taken() == []


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"[1]", b"\xff", b'{"update_id":' * 90_000, b"1" * 5000])
def test_what_is_no_json_object_is_refused(door: Door, http_client: httpx.Client, body: bytes) -> None:
    assert slack(door, http_client, body).status_code in {400, 413}
    assert http_client.post(door.telegram, content=body, headers=SECRET).status_code in {400, 413}
    assert door.taken() == []


def test_a_body_over_a_megabyte_is_refused_by_its_length(door: Door, http_client: httpx.Client) -> None:
    big = json.dumps(PHOTO | {"padding": "x" * 1_000_000}).encode()
    assert slack(door, http_client, big).status_code == 413
    assert http_client.post(door.telegram, content=big, headers=SECRET).status_code == 413
    assert door.taken() == []


def test_a_body_that_hides_its_length_is_refused_before_it_ends(door: Door) -> None:
    host = urlsplit(door.url)
    for path in ("/slack/events", "/telegram/webhook"):
        connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=20)
        connection.putrequest("POST", path)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        # No last chunk: the answer comes while the body goes on.
        for _ in range(17):
            connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert connection.getresponse().status == 413
        connection.close()
    assert door.taken() == []


def test_a_body_cut_short_is_not_taken(door: Door, http_client: httpx.Client) -> None:
    host = urlsplit(door.url)
    body, headers = signed(UPLOAD, SIGNING_SECRET)
    connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=20)
    connection.putrequest("POST", "/slack/events")
    for name, value in (headers | {"Content-Length": str(len(body))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body[:-5])
    connection.close()
    # Whatever the server made of it is done once it has answered somebody else.
    assert http_client.get(door.url).status_code == 200
    assert door.taken() == []


def test_other_methods_and_routes_are_refused(door: Door, http_client: httpx.Client) -> None:
    for url in (door.slack, door.telegram):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            assert http_client.request(method, url).status_code == 405
    assert http_client.post(f"{door.url}/elsewhere").status_code == 404


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel": "C1", "text": "just talking"},
        {"type": "message", "subtype": "message_changed", "channel": "C1"},
        {"type": "message", "subtype": "message_deleted", "channel": "C1"},
        {"type": "message", "subtype": "file_share", "channel": "C1", "bot_id": "B1", "files": [{"id": "F1"}]},
        {"type": "file_shared", "file_id": "F1", "channel_id": "C1"},
        {"type": "reaction_added"},
        {"type": "a_kind_of_next_year"},
    ],
)
def test_what_needs_no_answer_in_slack_is_acknowledged_and_dropped(
    door: Door, http_client: httpx.Client, event: dict[str, object]
) -> None:
    assert slack(door, http_client, UPLOAD | {"event": event}).status_code == 200
    assert door.taken() == []


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"chat": {"id": -5, "type": "group"}, "text": "just talking"}},
        {"edited_message": PHOTO["message"]},
        {"message": {"chat": {"id": -5, "type": "group"}, "sticker": {"file_id": "a"}}},
        {"poll": {"id": "1"}},
        {"a_kind_of_next_year": {}},
        {},
    ],
)
def test_what_needs_no_answer_in_telegram_is_acknowledged_and_dropped(
    door: Door, http_client: httpx.Client, update: dict[str, object]
) -> None:
    assert http_client.post(door.telegram, json={"update_id": 8} | update, headers=SECRET).status_code == 200
    assert door.taken() == []


def test_an_inbox_that_fails_makes_the_platform_deliver_again(tmp_path: Path, http_client: httpx.Client) -> None:
    with serving(settings_for(tmp_path), BrokenInbox()) as url:
        body, headers = signed(UPLOAD, SIGNING_SECRET)
        assert http_client.post(f"{url}/slack/events", content=body, headers=headers).status_code == 503
        assert http_client.post(f"{url}/telegram/webhook", json=PHOTO, headers=SECRET).status_code == 503


def test_a_platform_that_is_not_set_up_says_what_is_missing(
    tmp_path: Path, http_client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(settings_for(tmp_path, slack_signing_secret=None, telegram_webhook_secret=None), BrokenInbox()) as url:
        for path, setting in (
            ("slack/events", "SLACK_SIGNING_SECRET"),
            ("telegram/webhook", "TELEGRAM_WEBHOOK_SECRET"),
        ):
            answer = http_client.post(f"{url}/{path}", json={})
            assert answer.status_code == 503
            assert setting in answer.text
            assert setting in caplog.text


async def test_a_thousand_deliveries_of_one_event_are_kept_once(door: Door) -> None:
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=8), timeout=None) as client:

        async def deliver() -> int:
            body, headers = signed(UPLOAD, SIGNING_SECRET)
            return (await client.post(door.slack, content=body, headers=headers)).status_code

        assert set(await asyncio.gather(*(deliver() for _ in range(1000)))) == {200}
    assert door.taken() == ["slack-Ev1"]
