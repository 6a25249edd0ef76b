"""The fake Slack refuses what the real one refuses, as seen by Slack's own client."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SlackSandbox
from tests.sandbox.slack_faults import Reset, Status


@pytest.fixture
def client(slack: SlackSandbox) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=slack.api_url, retry_handlers=[])


async def failure(client: AsyncWebClient, method: str, **arguments: object) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as failed:
        await client.api_call(method, json=arguments)
    data: dict[str, Any] = failed.value.response.data
    return data


async def test_the_client_is_who_its_token_says(client: AsyncWebClient) -> None:
    assert (await client.auth_test())["user_id"] == "U0BOT"


@pytest.mark.parametrize(
    ("token", "error"),
    [(None, "not_authed"), ("xoxb-wrong", "invalid_auth"), (APP_TOKEN, "not_allowed_token_type")],
)
async def test_a_wrong_token_is_named(slack: SlackSandbox, token: str | None, error: str) -> None:
    client = AsyncWebClient(token, base_url=slack.api_url)
    assert (await failure(client, "auth.test"))["error"] == error


async def test_a_bot_token_opens_no_socket(client: AsyncWebClient) -> None:
    assert (await failure(client, "apps.connections.open"))["error"] == "not_allowed_token_type"


async def test_an_unknown_method_is_named(client: AsyncWebClient) -> None:
    assert await failure(client, "chat.shout") == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


async def test_a_message_needs_a_channel_and_a_text(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert (await failure(client, "chat.postMessage", text="hello"))["error"] == "channel_not_found"
    assert (await failure(client, "chat.postMessage", channel="C0NOWHERE", text="hello"))[
        "error"
    ] == "channel_not_found"
    assert (await failure(client, "chat.postMessage", channel="C0GENERAL"))["error"] == "no_text"
    slack.workspace.conversation("C0CLOSED").bot_is_member = False
    assert (await failure(client, "chat.postMessage", channel="C0CLOSED", text="hello"))["error"] == "not_in_channel"
    assert not slack.posted


async def test_a_missing_scope_is_named_with_those_that_are_there(client: AsyncWebClient, slack: SlackSandbox) -> None:
    slack.credentials.scopes = {"files:read"}
    answer = await failure(client, "chat.postMessage", channel="C0GENERAL", text="hello")
    assert answer == {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "files:read"}


async def test_a_reaction_is_added_once_and_removed_once(client: AsyncWebClient, slack: SlackSandbox) -> None:
    sent = slack.say("C0GENERAL", "look")
    where: dict[str, Any] = {"channel": "C0GENERAL", "timestamp": sent.ts, "name": "eyes"}
    await client.reactions_add(**where)
    assert (await failure(client, "reactions.add", **where))["error"] == "already_reacted"
    await client.reactions_remove(**where)
    assert (await failure(client, "reactions.remove", **where))["error"] == "no_reaction"
    assert (await failure(client, "reactions.add", **where | {"timestamp": "1.000001"}))["error"] == "message_not_found"


async def test_a_thread_is_read_from_its_root_and_in_pages(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = slack.say("C0GENERAL", "root")
    for number in range(3):
        slack.say("C0GENERAL", f"reply {number}", thread_ts=root.ts)
    first = await client.conversations_replies(channel="C0GENERAL", ts=root.ts, limit=2)
    rest = await client.conversations_replies(
        channel="C0GENERAL", ts=root.ts, cursor=first["response_metadata"]["next_cursor"]
    )
    texts = [m["text"] for page in (first, rest) for m in page["messages"]]
    assert texts == ["root", "reply 0", "reply 1", "reply 2"]
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.conversations_replies(channel="C0GENERAL", ts="1.000001")


async def test_a_method_that_reads_does_not_see_json(slack: SlackSandbox, client: AsyncWebClient) -> None:
    assert (await failure(client, "files.info", file="F00000001"))["error"] == "file_not_found"
    answer = await failure(client, "conversations.replies", channel="C0GENERAL", ts="1.000001")
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        ("text/csv", "a,b", "invalid_post_type"),
    ],
)
async def test_a_malformed_body_is_named(slack: SlackSandbox, content_type: str, body: str, error: str) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": content_type}
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.api_url + "auth.test", data=body, headers=headers) as r,
    ):
        assert (await r.json())["error"] == error


async def test_faults_come_on_demand(slack: SlackSandbox, client: AsyncWebClient) -> None:
    slack.faults.add("chat.postMessage", Status(429, retry_after=7), Status(503), Reset(), Reset(after_work=True))
    with pytest.raises(SlackApiError) as limited:
        await client.chat_postMessage(channel="C0GENERAL", text="one")
    assert limited.value.response.headers["Retry-After"] == "7"
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0GENERAL", text="two")
    for text in ("three", "four"):
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel="C0GENERAL", text=text)
    assert [posted.text for posted in slack.posted] == ["four"]


async def test_the_scopes_of_a_known_token_are_told_and_of_no_other(slack: SlackSandbox) -> None:
    slack.credentials.scopes = {"files:read", "chat:write"}
    told = []
    async with aiohttp.ClientSession() as session:
        for token in (BOT_TOKEN, "xoxb-wrong", None):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with session.post(f"{slack.api_url}auth.test", headers=headers) as answer:
                told.append(answer.headers.get("x-oauth-scopes"))
    assert told == ["chat:write,files:read", None, None]


async def test_its_clock_can_be_another_one(slack: SlackSandbox) -> None:
    slack.clock = 3600.0
    async with aiohttp.ClientSession() as session, session.head(slack.api_url) as answer:
        assert 3500 < parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time() < 3700


async def test_a_reply_to_a_thread_that_is_gone_lands_in_the_channel(
    slack: SlackSandbox, client: AsyncWebClient
) -> None:
    sent = slack.say("C0GENERAL", "look")
    slack.delete(sent)
    answer = await client.chat_postMessage(channel="C0GENERAL", thread_ts=sent.ts, text="late")
    assert "thread_ts" not in answer["message"]
    assert [posted.thread_ts for posted in slack.posted] == [None]


async def test_a_deleted_message_with_replies_leaves_a_tombstone_until_the_last_of_them_goes(
    slack: SlackSandbox, client: AsyncWebClient
) -> None:
    sent = slack.say("C0GENERAL", "look")
    reply = await client.chat_postMessage(channel="C0GENERAL", thread_ts=sent.ts, text="a reply")
    event = slack.delete(sent).payload["event"]
    assert (event["subtype"], event["message"]["subtype"]) == ("message_changed", "tombstone")
    thread = await client.conversations_replies(channel="C0GENERAL", ts=sent.ts)
    assert [m.get("subtype") for m in thread["messages"]] == ["tombstone", None]
    assert (await failure(client, "chat.delete", channel="C0GENERAL", ts=sent.ts))["error"] == "cant_delete_message"
    await client.chat_delete(channel="C0GENERAL", ts=reply["ts"])
    assert not slack.posted
    answer = await failure(client, "chat.delete", channel="C0GENERAL", ts=reply["ts"])
    assert answer["error"] == "message_not_found"
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.conversations_replies(channel="C0GENERAL", ts=sent.ts)


async def test_metadata_are_shown_to_who_asks_for_them(slack: SlackSandbox, client: AsyncWebClient) -> None:
    root = slack.say("C0GENERAL", "look")
    data: dict[str, Any] = {"event_type": "said", "event_payload": {"what": "a"}}
    await client.chat_postMessage(channel="C0GENERAL", thread_ts=root.ts, text="a", metadata=data)
    for asked, shown in ((False, None), (True, data)):
        thread = await client.conversations_replies(channel="C0GENERAL", ts=root.ts, include_all_metadata=asked)
        assert thread["messages"][1].get("metadata") == shown
    answer = await failure(client, "chat.postMessage", channel="C0GENERAL", text="b", metadata={"event_type": 1})
    assert answer["error"] == "invalid_metadata_format"


async def test_a_message_may_be_late_in_the_history(slack: SlackSandbox, client: AsyncWebClient) -> None:
    slack.workspace.lateness = 1
    root = slack.say("C0GENERAL", "look")
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.conversations_replies(channel="C0GENERAL", ts=root.ts)
    await client.conversations_replies(channel="C0GENERAL", ts=root.ts)
