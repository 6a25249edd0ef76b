"""How updates reach a bot: by polling, or by a webhook that insists until it is answered."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.sandbox.telegram import WEBHOOK_SECRET, TelegramSandbox
from tests.sandbox.telegram_client import call
from tests.sandbox.telegram_faults import Fault
from tests.sandbox.telegram_world import TOKEN


class Receiver:
    """A webhook that answers with the given statuses, and with 200 when there are no more."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.got: list[dict[str, Any]] = []
        self.secrets: set[str | None] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.got.append(body)
                outer.secrets.add(self.headers["X-Telegram-Bot-Api-Secret-Token"])
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/telegram/webhook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def image() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (640, 480), (20, 120, 40)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_polling_hands_out_updates_until_they_are_confirmed(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    sandbox.say(chat, "one")
    sandbox.say(chat, "two")
    first = call(sandbox, "getUpdates")
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert call(sandbox, "getUpdates") == first
    assert call(sandbox, "getUpdates", offset=first[0]["update_id"] + 1) == first[1:]
    assert call(sandbox, "getUpdates", offset=first[1]["update_id"] + 1) == []


def test_a_long_poll_ends_when_something_is_said(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(call, sandbox, "getUpdates", timeout=50)
        sandbox.wait_until(lambda: len(sandbox.world.listeners) == 2)
        sandbox.say(chat, "hello")
        assert [update["message"]["text"] for update in poll.result()] == ["hello"]


def test_a_second_poller_ends_the_first(sandbox: TelegramSandbox) -> None:
    with ThreadPoolExecutor() as pool:
        first = pool.submit(call, sandbox, "getUpdates", timeout=50)
        sandbox.wait_until(lambda: len(sandbox.world.listeners) == 2)
        assert call(sandbox, "getUpdates") == []
        assert first.result()[0] == 409


def test_polling_conflicts_with_a_webhook(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    call(sandbox, "setWebhook", url=receiver.url)
    status, description = call(sandbox, "getUpdates")
    assert status == 409
    assert "while webhook is active" in description
    call(sandbox, "deleteWebhook")
    assert call(sandbox, "getUpdates") == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"url": "http://example.org/telegram/webhook"}, "An HTTPS URL must be provided"),
        ({"url": "https://example.org:8080/telegram/webhook"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "https://example.org/", "secret_token": "with space"}, "secret token contains unallowed characters"),
        ({"url": "https://example.org/", "secret_token": "x" * 257}, "secret token contains unallowed characters"),
        ({"url": "https://example.org/", "allowed_updates": "message"}, "can't parse allowed updates JSON object"),
    ],
)
def test_a_webhook_that_telegram_would_refuse_is_refused(
    sandbox: TelegramSandbox, arguments: dict[str, object], reason: str
) -> None:
    status, description = call(sandbox, "setWebhook", **arguments)
    assert status == 400
    assert reason in description


def test_a_webhook_gets_each_update_with_the_secret_until_it_says_yes(
    sandbox: TelegramSandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302, 429]
    call(sandbox, "setWebhook", url=receiver.url, secret_token=WEBHOOK_SECRET)
    sandbox.say(sandbox.private(), "hello")
    sandbox.settle()
    assert [got["message"]["text"] for got in receiver.got] == ["hello"] * 4
    assert receiver.secrets == {WEBHOOK_SECRET}
    info = call(sandbox, "getWebhookInfo")
    assert info["pending_update_count"] == 0
    assert info["last_error_message"] == "Wrong response from the webhook: 429 Too Many Requests"


def test_a_chat_waits_for_its_answer_while_another_goes_on(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    receiver.statuses = [500, 500, 500]
    call(sandbox, "setWebhook", url=receiver.url)
    sulking, merry = sandbox.private("Sulking"), sandbox.private("Merry")
    for number in range(3):
        sandbox.say(sulking, str(number))
        sandbox.say(merry, str(number))
    sandbox.settle()
    for chat in (sulking, merry):
        said = [got["message"]["text"] for got in receiver.got if got["message"]["chat"]["id"] == chat.id]
        assert list(dict.fromkeys(said)) == ["0", "1", "2"]
        assert said == sorted(said)


def test_only_the_updates_that_were_asked_for_are_kept(sandbox: TelegramSandbox) -> None:
    call(sandbox, "getUpdates", allowed_updates=["message"])
    chat = sandbox.private()
    message = sandbox.say(chat, "hello")
    sandbox.edit(message, "hallo")
    sandbox.bot_becomes(sandbox.group(), "member")
    assert [list(update) for update in call(sandbox, "getUpdates")] == [["update_id", "message"]]


def test_an_album_is_one_update_a_photo_with_one_caption(sandbox: TelegramSandbox) -> None:
    sandbox.send_album(sandbox.private(), [image()] * 3, "holidays", late={2: 0.05})
    sandbox.wait_until(lambda: len(sandbox.updates) == 3)
    messages = [update["message"] for update in sandbox.updates]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["holidays", None, None]


def test_in_privacy_mode_a_bot_sees_only_what_is_meant_for_it(sandbox: TelegramSandbox) -> None:
    sandbox.world.reads_all_group_messages = False
    group = sandbox.group()
    sandbox.send_photo(group, image())
    sandbox.say(group, "nice")
    sandbox.say(group, "/caption")
    sandbox.mention(group, "what is this?")
    assert [update["message"]["text"].split()[0] for update in sandbox.updates] == ["/caption", "@captions_sandbox_bot"]


def test_faults_come_as_often_as_they_were_asked_for(sandbox: TelegramSandbox) -> None:
    sandbox.faults.add(Fault("getMe", status=429, retry_after=3))
    sandbox.faults.add(Fault("getMe", status=502, times=2))
    answers = [httpx.get(f"{sandbox.url}/bot{TOKEN}/getMe") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 502, 502, 200]
    assert answers[0].json()["parameters"] == {"retry_after": 3}


def test_a_reset_after_the_work_leaves_the_message_sent(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    sandbox.faults.add(Fault("sendMessage", reset=True, after=True))
    with pytest.raises(httpx.TransportError):
        call(sandbox, "sendMessage", chat_id=chat.id, text="hello")
    assert [sent.text for sent in sandbox.sent(chat)] == ["hello"]


def test_duplicates_and_reordered_updates_are_delivered_on_demand(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    call(sandbox, "setWebhook", url=receiver.url)
    sandbox.webhook.copies = 3
    chat = sandbox.private()
    with sandbox.reordered():
        for number in range(6):
            sandbox.say(chat, str(number))
    sandbox.settle()
    said = [got["message"]["text"] for got in receiver.got]
    assert sorted(said) == sorted([str(number) for number in range(6)] * 3)
    assert said != sorted(said)
