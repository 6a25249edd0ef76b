"""Events by Socket Mode: kept first, acknowledged then."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.settings import BotSettings
from bot.slack.socket import listen
from common.settings import Secret, SettingsError
from tests.bot.slack.scenario import bot_with, settings_in, wait_until
from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SlackSandbox
from tests.sandbox.slack_faults import Error, Status

MakePhoto = Callable[..., bytes]


class Inbox:
    """Keeps events; refuses as many as it is told to."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, dict[str, Any]]] = []
        self.refusals = 0

    async def put(self, event_id: str, payload: dict[str, Any]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OSError("the disk is full")
        self.kept.append((event_id, payload))


@asynccontextmanager
async def listening(slack: SlackSandbox, settings: BotSettings, inbox: Inbox) -> AsyncIterator[None]:
    task = asyncio.create_task(listen(settings_in(slack, settings), inbox.put))
    await asyncio.to_thread(wait_until, lambda: slack.socket.connections or task.done())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_photo_comes_through_the_socket_to_its_caption(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    inbox = Inbox()
    async with listening(slack, settings, inbox), bot_with(settings_in(slack, settings)) as bot:
        sent = slack.upload("C0GENERAL", [photo()])
        await asyncio.to_thread(slack.settle)
        [(event_id, payload)] = inbox.kept
        await bot.hears(payload)
    assert event_id == sent.payload["event_id"]
    assert payload == sent.payload
    assert len(slack.replies(sent)) == 1


async def test_what_the_inbox_could_not_keep_comes_again(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    slack.socket.ack_within = 0.3
    inbox = Inbox()
    inbox.refusals = 2
    async with listening(slack, settings, inbox):
        sent = slack.dm("hello")
        await asyncio.to_thread(slack.settle)
    assert [event_id for event_id, _ in inbox.kept] == [sent.payload["event_id"]]
    assert [envelope.acknowledged for envelope in slack.socket.envelopes] == [False, False, True]


async def test_what_needs_no_answer_is_acknowledged_and_dropped(slack: SlackSandbox, settings: BotSettings) -> None:
    inbox = Inbox()
    async with listening(slack, settings, inbox):
        slack.say("C0GENERAL", "good morning")
        slack.happen({"type": "reaction_added", "user": "U0ALICE", "reaction": "eyes"})
        await asyncio.to_thread(slack.settle)
    assert not inbox.kept
    assert [envelope.acknowledged for envelope in slack.socket.envelopes] == [True, True]


@pytest.mark.parametrize("farewell", ["refresh", "drop"])
async def test_a_lost_connection_is_opened_anew_and_nothing_is_missed(
    slack: SlackSandbox, settings: BotSettings, monkeypatch: pytest.MonkeyPatch, farewell: str
) -> None:
    monkeypatch.setattr("bot.slack.socket.PING", 0.2)
    slack.socket.ack_within = 1
    inbox = Inbox()
    async with listening(slack, settings, inbox):
        slack.faults.add("apps.connections.open", Status(503))
        await asyncio.to_thread(slack.run, slack.socket.refresh() if farewell == "refresh" else slack.socket.drop())
        await asyncio.to_thread(wait_until, lambda: slack.socket.connections)
        sent = slack.dm("still there?")
        await asyncio.to_thread(slack.settle)
    assert sent.payload["event_id"] in [event_id for event_id, _ in inbox.kept]
    assert slack.socket.opened >= 2


async def test_a_connection_that_failed_is_tried_with_an_address_of_its_own(
    slack: SlackSandbox, settings: BotSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.socket.PING", 0.1)
    slack.socket.failing = 2
    inbox = Inbox()
    async with listening(slack, settings, inbox):
        first = slack.dm("hello")
        await asyncio.to_thread(slack.settle)
        slack.socket.failing = 2
        await asyncio.to_thread(slack.run, slack.socket.refresh())
        await asyncio.to_thread(wait_until, lambda: slack.socket.connections)
        second = slack.dm("still there?")
        await asyncio.to_thread(slack.settle)
    kept = {event_id for event_id, _ in inbox.kept}
    assert kept == {first.payload["event_id"], second.payload["event_id"]}
    assert [call.method for call in slack.workspace.calls].count("apps.connections.open") >= 6


async def test_a_wrong_app_token_says_what_to_check(slack: SlackSandbox, settings: BotSettings) -> None:
    wrong = settings_in(slack, settings, slack_app_token=Secret(BOT_TOKEN))
    with pytest.raises(SettingsError, match=r"SLACK_APP_TOKEN.*not_allowed_token_type.*xapp-.*connections:write"):
        await listen(wrong, Inbox().put)


async def test_a_slack_that_is_away_at_the_start_is_waited_for(
    slack: SlackSandbox, settings: BotSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.socket.PING", 0.2)
    slack.faults.add("apps.connections.open", Status(502), Error("internal_error"), Status(502))
    inbox = Inbox()
    async with listening(slack, settings, inbox):
        slack.dm("hello")
        await asyncio.to_thread(slack.settle)
    assert len(inbox.kept) == 1


async def test_no_ticket_and_no_token_is_logged(
    slack: SlackSandbox, settings: BotSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("bot.slack.socket.PING", 0.1)
    monkeypatch.setattr(slack.socket, "_tickets", Refusing())
    inbox = Inbox()
    task = asyncio.create_task(listen(settings_in(slack, settings), inbox.put))
    await asyncio.to_thread(wait_until, lambda: any("Failed to connect" in line for line in caplog.messages))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "ticket=***" in caplog.text
    for secret in (APP_TOKEN, BOT_TOKEN, "wss_uri"):
        assert secret not in caplog.text
    assert not [line for line in caplog.text.splitlines() if "ticket=" in line and "ticket=***" not in line]


class Refusing(set[str]):
    """Tickets that are all spent."""

    def __contains__(self, _: object) -> bool:
        return False
