"""Polling: nothing is confirmed before it is safe, and trouble passes or is named."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from bot.settings import BotSettings
from bot.telegram import polling
from common.settings import Secret, SettingsError
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault


@pytest.fixture
def settings(sandbox: TelegramSandbox, monkeypatch: pytest.MonkeyPatch) -> BotSettings:
    monkeypatch.setattr(polling, "FIRST_WAIT", 0.05)
    token = Secret(sandbox.world.token)
    return BotSettings(telegram_api_url=sandbox.url, telegram_bot_token=token)


@asynccontextmanager
async def polled(settings: BotSettings, put: Callable[[str, dict[str, Any]], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.create_task(polling.poll(settings, put))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Box:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.failing = False

    async def put(self, event: str, update: dict[str, Any]) -> None:
        if self.failing:
            raise OSError("the disk is full")
        assert str(update["update_id"]) == event
        self.taken.append(update["message"]["text"])


async def until(sandbox: TelegramSandbox, condition: Callable[[], object]) -> None:
    await asyncio.to_thread(sandbox.wait_until, condition)


async def test_what_is_said_is_put_in_the_inbox_and_confirmed(sandbox: TelegramSandbox, settings: BotSettings) -> None:
    chat, box = sandbox.private(), Box()
    sandbox.say(chat, "before")
    async with polled(settings, box.put):
        await until(sandbox, lambda: box.taken == ["before"])
        sandbox.say(chat, "now")
        await until(sandbox, lambda: box.taken == ["before", "now"])
        await until(sandbox, lambda: not sandbox.world.pending)


async def test_what_concerns_nobody_is_confirmed_without_ado(sandbox: TelegramSandbox, settings: BotSettings) -> None:
    box = Box()
    sandbox.say(sandbox.group(), "good morning")
    sandbox.say(sandbox.private(), "hello")
    async with polled(settings, box.put):
        await until(sandbox, lambda: not sandbox.world.pending)
    assert box.taken == ["hello"]


async def test_what_the_inbox_cannot_take_comes_again(sandbox: TelegramSandbox, settings: BotSettings) -> None:
    chat, box = sandbox.private(), Box()
    box.failing = True
    sandbox.say(chat, "one")
    sandbox.say(chat, "two")
    async with polled(settings, box.put):
        await until(sandbox, lambda: [call.method for call in sandbox.world.calls].count("getUpdates") >= 2)
        assert len(sandbox.world.pending) == 2
        box.failing = False
        await until(sandbox, lambda: not sandbox.world.pending)
    assert box.taken == ["one", "two"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("getUpdates", status=502),
        Fault("getUpdates", reset=True),
        Fault("getUpdates", status=429, retry_after=1),
        Fault("getUpdates", status=409, description="Conflict: terminated by other getUpdates request"),
        Fault("setMyCommands", status=500),
    ],
    ids=lambda fault: f"{fault.where} {fault.status or 'reset'}",
)
async def test_trouble_passes(sandbox: TelegramSandbox, settings: BotSettings, fault: Fault) -> None:
    box = Box()
    sandbox.faults.add(fault)
    sandbox.say(sandbox.private(), "hello")
    async with polled(settings, box.put):
        await until(sandbox, lambda: box.taken == ["hello"])


async def test_another_poller_is_named(
    sandbox: TelegramSandbox, settings: BotSettings, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Fault("getUpdates", status=409, description="Conflict: terminated by other getUpdates request"))
    async with polled(settings, Box().put):
        await until(sandbox, lambda: caplog.records)
    assert "another program polls" in str(vars(caplog.records[0])["reason"])


async def test_a_webhook_that_is_set_is_named_with_the_command_that_removes_it(
    sandbox: TelegramSandbox, settings: BotSettings
) -> None:
    sandbox.set_webhook("http://127.0.0.1:9/telegram/webhook")
    with pytest.raises(polling.WebhookIsSet, match="captionbot telegram delete-webhook"):
        await polling.poll(settings, Box().put)


@pytest.mark.parametrize("token", ["123456789:AAHanother_token_0123456789abcdef", "nonsense"])
async def test_a_token_that_is_not_telegrams_is_named_but_not_shown(
    settings: BotSettings, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = msgspec.structs.replace(settings, telegram_bot_token=Secret(token))
    with caplog.at_level(logging.DEBUG), pytest.raises(SettingsError, match="@BotFather") as failed:
        await polling.poll(wrong, Box().put)
    assert token not in str(failed.value)
    assert token not in caplog.text


async def test_the_bots_commands_appear_in_the_menu(sandbox: TelegramSandbox, settings: BotSettings) -> None:
    async with polled(settings, Box().put):
        await until(sandbox, lambda: sandbox.world.commands)
    assert [command["command"] for command in sandbox.world.commands] == ["caption", "help"]
