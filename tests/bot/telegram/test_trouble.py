"""When Telegram limits, errs, or has taken away what the bot would answer."""

import asyncio
from copy import deepcopy

import pytest

from bot import messages
from bot.errors import GiveUp, TryAgain
from bot.settings import BotSettings
from bot.telegram import app as telegram
from bot.telegram import replies
from tests.bot.conftest import make_photo
from tests.bot.telegram.scenario import PHOTO, TelegramBot, running, texts
from tests.sandbox.endpoint import CaptionEndpoint, Failure
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault


async def test_the_person_sees_that_the_bot_is_typing(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    sandbox.send_photo(chat, PHOTO)
    await bot.work()
    assert sandbox.world.actions == [(chat.id, "typing", None)]


async def test_typing_is_shown_for_as_long_as_the_caption_takes(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "TYPING_EVERY", 0.02)
    endpoint.pause = 1.0
    sandbox.send_photo(sandbox.private(), PHOTO)
    await bot.work()
    seen = len(sandbox.world.actions)
    assert seen > 3
    sandbox.send(sandbox.private(), "voice")
    await bot.work()
    assert len(sandbox.world.actions) == seen


async def test_a_failing_typing_action_does_not_stop_the_answer(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    with sandbox.faults.lasting(Fault("sendChatAction", status=500)):
        await bot.work()
    assert len(sandbox.replies(photo)) == 1


async def test_a_photo_that_was_deleted_meanwhile_is_answered_without_a_reference(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    sandbox.delete(sandbox.send_photo(sandbox.private(), PHOTO))
    await bot.work()
    assert [sent.reply_to for sent in sandbox.world.sent] == [None]


async def test_a_person_who_blocked_the_bot_is_let_alone(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    sandbox.send_photo(chat, PHOTO)
    chat.closed_to_bot = True
    await bot.work()
    assert not sandbox.world.sent


async def test_a_group_where_the_bot_may_not_write_is_let_alone(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    sandbox.send_photo(group, PHOTO)
    group.bot_may_write = False
    await bot.work()
    assert not sandbox.world.sent


async def test_a_group_that_became_a_supergroup_is_answered_there(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    old, new = sandbox.group(kind="group"), sandbox.group()
    sandbox.send_photo(old, PHOTO)
    old.migrated_to = new.id
    await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [new.id]


async def test_telegram_asking_for_much_patience_is_told_to_the_inbox(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(Fault("sendMessage", status=429, retry_after=28))
    with pytest.raises(TryAgain) as again:
        await bot.work()
    assert again.value.after == 28
    # Nobody else waits meanwhile.
    other = sandbox.send_photo(sandbox.private("Bob"), PHOTO)
    async with asyncio.timeout(5):
        await bot.work()
    assert len(sandbox.replies(other)) == 1


async def test_an_update_that_cannot_be_read_is_given_up_at_once(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    sandbox.send_photo(chat, PHOTO)
    update = deepcopy(sandbox.updates[0])
    update["message"]["photo"] = [{"file_id": "without a size"}]
    with pytest.raises(GiveUp) as failed:
        await telegram.dispatch(bot.app, update)
    assert failed.value.apology == messages.UNREAD
    await telegram.apologise(bot.app, update, messages.UNREAD)
    assert texts(sandbox) == [messages.UNREAD]
    # In a group nobody knows whether the bot was meant.
    update["message"]["chat"]["type"] = "supergroup"
    await telegram.apologise(bot.app, update, messages.UNREAD)
    assert len(texts(sandbox)) == 1


async def test_telegram_asking_for_patience_is_obeyed(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(Fault("sendMessage", status=429, retry_after=1))
    await bot.work()
    assert len(sandbox.replies(photo)) == 1
    first, second = [call.at for call in sandbox.world.calls if call.method == "sendMessage"]
    assert second - first >= 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("getMe", status=502),
        Fault("getMe", reset=True),
        Fault("getFile", status=500),
        Fault("getFile", reset=True),
        Fault("getFile", status=400, description="Bad Request: wrong file_id or the file is temporarily unavailable"),
        Fault("download", status=404),
        Fault("download", status=502),
        Fault("download", reset=True),
        Fault("sendMessage", status=502),
        Fault("sendMessage", reset=True),
    ],
    ids=lambda fault: f"{fault.where} {fault.status or 'reset'}",
)
async def test_a_passing_failure_is_handed_back_and_answered_the_next_time(
    sandbox: TelegramSandbox, bot: TelegramBot, fault: Fault
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(fault)
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    assert not sandbox.world.sent
    await telegram.dispatch(bot.app, sandbox.updates[0])
    assert len(sandbox.replies(photo)) == 1


async def test_an_endpoint_that_is_down_is_handed_back(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    sandbox.send_photo(sandbox.private(), PHOTO)
    endpoint.failures.append(Failure(500))
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    assert not sandbox.world.sent


async def test_a_file_that_telegram_no_longer_knows_gets_a_sentence(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.world.files.clear()
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [messages.NOT_FETCHED]


async def test_a_very_long_answer_is_cut_at_telegrams_limit(settings: BotSettings, sandbox: TelegramSandbox) -> None:
    sandbox.send_photo(sandbox.private(), PHOTO)
    async with running(settings, sandbox) as bot:
        await telegram.apologise(bot.app, sandbox.updates[0], "x" * 5000)
    assert [len(text) for text in texts(sandbox)] == [4096]


async def test_an_apology_goes_where_an_answer_would_have_gone(settings: BotSettings, sandbox: TelegramSandbox) -> None:
    group = sandbox.group(topics={7: "Birds"})
    sandbox.send_photo(group, PHOTO, thread=7)
    asked = sandbox.say(group, "/caption", thread=7)
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.bot_becomes(group, "member")
    async with running(settings, sandbox, reply_in_groups="mentioned") as bot:
        for update in sandbox.updates:
            await telegram.apologise(bot.app, update, messages.APOLOGY)
    assert [(sent.reply_to, sent.thread) for sent in sandbox.world.sent] == [
        (asked["message_id"], 7),
        (photo["message_id"], None),
    ]


async def test_many_photos_at_once_are_each_answered_once(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photos = [sandbox.send_photo(sandbox.private(str(number)), make_photo(320, 240)) for number in range(20)]
    await asyncio.gather(*(telegram.dispatch(bot.app, update) for update in sandbox.updates))
    assert [len(sandbox.replies(photo)) for photo in photos] == [1] * 20
    assert [call.method for call in sandbox.world.calls].count("getMe") == 1
