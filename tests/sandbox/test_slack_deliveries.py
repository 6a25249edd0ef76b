"""How the fake Slack hands events over: signed requests that are retried, and a websocket."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from tests.sandbox.slack import APP_TOKEN, SIGNING_SECRET, SlackSandbox


@dataclass
class App:
    """An app's Request URL that answers with the statuses it is given, then with 200."""

    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers=self.extra)


@pytest.fixture
async def app(slack: SlackSandbox) -> AsyncIterator[App]:
    app = App()
    site = web.Application()
    site.router.add_post("/slack/events", app.handle)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.sender.url = "http://{}:{}/slack/events".format(*runner.addresses[0])
    yield app
    await runner.cleanup()


async def settle(slack: SlackSandbox) -> None:
    await asyncio.to_thread(slack.settle)


async def test_an_event_is_signed(slack: SlackSandbox, app: App) -> None:
    sent = slack.upload("C0GENERAL", [b"not a photo"])
    await settle(slack)
    [(headers, body)] = app.requests
    base = b"v0:" + headers["X-Slack-Request-Timestamp"].encode() + b":" + body
    assert headers["X-Slack-Signature"] == "v0=" + hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    assert json.loads(body) == sent.payload


async def test_an_event_that_is_refused_comes_three_times_more(slack: SlackSandbox, app: App) -> None:
    app.statuses = [500] * 9
    sent = slack.dm("hello")
    await settle(slack)
    retries = [(h.get("X-Slack-Retry-Num"), h.get("X-Slack-Retry-Reason")) for h, _ in app.requests]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({body for _, body in app.requests}) == 1
    assert slack.sender.given_up == [sent.payload["event_id"]]


async def test_retries_end_with_success_or_when_the_app_says_so(slack: SlackSandbox, app: App) -> None:
    app.statuses = [503]
    slack.dm("hello")
    await settle(slack)
    assert len(app.requests) == 2
    app.statuses, app.extra = [503], {"X-Slack-No-Retry": "1"}
    slack.dm("hello again")
    await settle(slack)
    assert len(app.requests) == 3


async def test_duplicates_come_a_thousandfold(slack: SlackSandbox, app: App) -> None:
    slack.deliver(slack.people.say("D0ALICE", "hello").payload, copies=1000)
    await settle(slack)
    assert len(app.requests) == 1000
    assert len({json.loads(body)["event_id"] for _, body in app.requests}) == 1


async def test_events_come_in_another_order(slack: SlackSandbox, app: App) -> None:
    with slack.reordered():
        for number in range(6):
            slack.dm(str(number))
    await settle(slack)
    texts = [json.loads(body)["event"]["text"] for _, body in app.requests]
    assert sorted(texts) == list("012345")
    assert texts != list("012345")


async def test_only_subscribed_events_within_the_scopes_are_sent(slack: SlackSandbox, app: App) -> None:
    slack.subscriptions.discard("message.im")
    slack.credentials.scopes.discard("app_mentions:read")
    slack.dm("unheard")
    assert [p["event"]["type"] for p in slack.mention("C0GENERAL").payloads] == ["message"]
    assert not slack.dm("unheard").payloads
    assert [p["event"]["type"] for p in slack.join("C0GENERAL").payloads] == ["message"]
    await settle(slack)
    assert len(app.requests) == 2


async def open_socket(session: aiohttp.ClientSession, slack: SlackSandbox) -> aiohttp.ClientWebSocketResponse:
    headers = {"Authorization": f"Bearer {APP_TOKEN}"}
    async with session.post(slack.api_url + "apps.connections.open", headers=headers) as answer:
        url = (await answer.json())["url"]
    socket = await session.ws_connect(url)
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def test_a_socket_event_comes_again_until_it_is_acknowledged(slack: SlackSandbox) -> None:
    slack.socket.ack_within = 0.2
    async with aiohttp.ClientSession() as session:
        socket = await open_socket(session, slack)
        slack.dm("hello")
        first, second = await socket.receive_json(), await socket.receive_json()
        await socket.send_json({"envelope_id": second["envelope_id"]})
        await settle(slack)
        assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
        assert first["payload"] == second["payload"]
        assert first["envelope_id"] != second["envelope_id"]
        assert [e.acknowledged for e in slack.socket.envelopes] == [False, True]
        await socket.close()


async def test_a_socket_is_asked_to_refresh_and_its_ticket_is_spent(slack: SlackSandbox) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await open_socket(session, slack)
        await asyncio.to_thread(slack.run, slack.socket.refresh())
        assert (await socket.receive_json())["reason"] == "refresh_requested"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        async with session.get(slack.api_url.replace("/api/", "/link/?ticket=forged")) as answer:
            assert answer.status == 408
