"""The right place: channels' direct messages, topics, groups that became supergroups, and posts that are repeated."""

import logging

import pytest

from bot import messages
from bot.settings import BotSettings
from bot.telegram import app as telegram
from tests.bot.telegram.scenario import OTHER, PHOTO, TelegramBot, running
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault


async def test_somebody_who_writes_to_a_channel_is_answered_in_their_topic(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    chat = sandbox.direct_messages(topics={77: "Ada", 78: "Grace"})
    photo = sandbox.send_photo(chat, PHOTO, thread=78)
    asked = sandbox.say(chat, "/caption", thread=78)
    await bot.work()
    for message in (photo, asked):
        assert [sent.thread for sent in sandbox.replies(message)] == [78]
    await telegram.apologise(bot.app, sandbox.updates[0], messages.APOLOGY)
    assert [sent.thread for sent in sandbox.replies(photo)] == [78, 78]
    assert not [call for call in sandbox.world.calls if call.method == "sendChatAction"]


async def test_a_topic_of_a_private_chat_is_answered_in_that_topic(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    chat.topics[5] = "Holidays"
    photo = sandbox.send_photo(chat, PHOTO, thread=5)
    await bot.work()
    assert [sent.thread for sent in sandbox.replies(photo)] == [5]


async def test_a_topic_that_was_deleted_is_done_with(
    sandbox: TelegramSandbox, bot: TelegramBot, caplog: pytest.LogCaptureFixture
) -> None:
    group = sandbox.group(topics={7: "Birds"})
    sandbox.send_photo(group, PHOTO, thread=7)
    del group.topics[7]
    await bot.work()
    assert not sandbox.world.sent
    assert any("takes no answer" in line for line in caplog.messages)


async def test_a_group_that_moves_while_it_is_answered_has_its_answer_where_it_is_now(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    old = sandbox.group(kind="group")
    sandbox.send_photo(old, PHOTO)
    new = sandbox.migrate(old)
    await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [new.id]


async def test_a_group_that_was_let_in_stays_let_in_as_a_supergroup(
    settings: BotSettings, sandbox: TelegramSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    old, other = sandbox.group("Cats", kind="group"), sandbox.group("Dogs", kind="group")
    stranger = sandbox.group("Strangers")
    new = sandbox.migrate(old)
    allowed = frozenset({str(old.id), str(other.id), "1"})
    for chat in (stranger, new, stranger, new):
        sandbox.send_photo(chat, PHOTO)
    async with running(settings, sandbox, allowed_telegram_chats=allowed) as bot:
        await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [new.id, new.id]
    assert any(f"put {new.id} in the place of {old.id}" in line for line in caplog.messages)
    asked = [call.arguments["chat_id"] for call in sandbox.world.calls if call.method == "sendChatAction"]
    assert sorted(asked[:2]) == sorted([str(old.id), str(other.id)])
    assert asked.count(str(old.id)) == 1


async def test_what_telegram_cannot_say_of_a_group_lets_nobody_in(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    old = sandbox.group("Cats", kind="group")
    new = sandbox.migrate(old)
    sandbox.faults.add(Fault("sendChatAction", status=502))
    sandbox.send_photo(new, PHOTO)
    async with running(settings, sandbox, allowed_telegram_chats=frozenset({str(old.id)})) as bot:
        await bot.work()
    assert not sandbox.world.sent


@pytest.mark.parametrize("album", [False, True])
@pytest.mark.parametrize(("channel_let_in", "answers"), [(True, "channel"), (False, "group")])
async def test_a_channel_s_post_that_its_group_repeats_is_answered_once(
    settings: BotSettings, sandbox: TelegramSandbox, channel_let_in: bool, answers: str, album: bool
) -> None:
    channel, group = sandbox.channel(), sandbox.group()
    posts = sandbox.send_album(channel, [PHOTO, OTHER]) if album else [sandbox.send_photo(channel, PHOTO)]
    for post in posts:
        sandbox.repeat(post, group)
    allowed = {str(group.id)} | ({str(channel.id)} if channel_let_in else set())
    async with running(settings, sandbox, allowed_telegram_chats=frozenset(allowed)) as bot:
        await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [channel.id if answers == "channel" else group.id]
