"""Groups, topics and channels: what is answered there, where, and what is left alone."""

import pytest

from bot import messages
from bot.settings import BotSettings
from tests.bot.telegram.scenario import OTHER, PHOTO, TelegramBot, running
from tests.sandbox.telegram import TelegramSandbox


async def test_a_photo_in_a_topic_is_answered_in_that_topic(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.group(topics={7: "Birds"}), PHOTO, thread=7)
    await bot.work()
    assert [sent.thread for sent in sandbox.replies(photo)] == [7]
    assert {thread for _, _, thread in sandbox.world.actions} == {7}


async def test_a_photo_in_a_chain_of_replies_is_answered_though_it_has_a_thread_id(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    group = sandbox.group()
    question = sandbox.say(group, "Where were you?")
    photo = sandbox.send_photo(group, PHOTO, reply_to=question)
    assert photo["message_thread_id"] == question["message_id"]
    await bot.work()
    assert len(sandbox.replies(photo)) == 1


@pytest.mark.parametrize("words", ["/caption", "/caption@captions_sandbox_bot", "@captions_sandbox_bot what is it?"])
async def test_asking_in_reply_to_somebodys_photo_describes_that_photo(
    settings: BotSettings, sandbox: TelegramSandbox, words: str
) -> None:
    group = sandbox.group()
    photo = sandbox.send_photo(group, PHOTO)
    sandbox.say(group, words, reply_to=photo)
    async with running(settings, sandbox, reply_in_groups="mentioned") as bot:
        await bot.work()
    assert [sent.text[:12] for sent in sandbox.replies(photo)] == ["A photo like"]
    assert len(sandbox.world.sent) == 1


async def test_asking_without_a_photo_explains_how(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    asked = [sandbox.say(group, "/caption"), sandbox.mention(group, "hello?")]
    await bot.work()
    assert [sent.text for message in asked for sent in sandbox.replies(message)] == [messages.REPLY_TO_A_PHOTO] * 2


async def test_what_is_meant_for_others_stays_unanswered(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    sandbox.say(group, "good morning")
    sandbox.say(group, "/caption@another_bot")
    sandbox.say(group, "@somebody look")
    for kind in ("video", "sticker", "animation", "voice"):
        sandbox.send(group, kind)
    sandbox.send_document(group, b"%PDF", "minutes.pdf", "application/pdf")
    sandbox.send_photo(
        group, PHOTO, sender={"id": 9, "is_bot": True, "first_name": "Another", "username": "another_bot"}
    )
    await bot.work()
    assert not sandbox.world.sent


async def test_a_group_that_wants_peace_hears_the_bot_only_when_it_calls(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    group = sandbox.group()
    quiet = sandbox.send_photo(group, PHOTO)
    called = sandbox.send_photo(group, PHOTO, "what is this, @Captions_Sandbox_Bot?")
    album = sandbox.send_album(group, [PHOTO, OTHER], "/caption")
    async with running(settings, sandbox, reply_in_groups="mentioned") as bot:
        await bot.work()
        answer = sandbox.replies(called)[0]
        ours = {"message_id": answer.message_id, "from": sandbox.world.bot, "chat": group.as_json(), "date": 0}
        replying = sandbox.send_photo(group, PHOTO, reply_to=ours)
        await bot.work()
    assert not sandbox.replies(quiet)
    assert [len(sandbox.replies(message)) for message in (called, album[0], replying)] == [1, 1, 1]


async def test_a_channel_is_answered_only_when_it_was_let_in_by_name(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    news, gallery = sandbox.channel("News"), sandbox.channel("Gallery")
    for channel in (news, gallery):
        sandbox.send_photo(channel, PHOTO)
    async with running(settings, sandbox) as bot:
        await bot.work()
    assert not sandbox.world.sent
    async with running(settings, sandbox, allowed_telegram_chats=frozenset({str(gallery.id)})) as bot:
        await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [gallery.id]


async def test_a_chat_that_is_not_let_in_is_told_so_in_private_only(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    ada, group = sandbox.private(), sandbox.group()
    photo = sandbox.send_photo(ada, PHOTO)
    sandbox.send_photo(group, PHOTO)
    sandbox.say(group, "/caption")
    async with running(settings, sandbox, allowed_telegram_chats=frozenset({"1"})) as bot:
        await bot.work()
    [reply] = sandbox.world.sent
    assert reply.reply_to == photo["message_id"]
    assert f"adding {ada.id} to ALLOWED_TELEGRAM_CHATS" in reply.text


async def test_somebody_who_sends_too_many_photos_is_told_when_to_come_back(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    ada, grace = sandbox.private("Ada"), sandbox.private("Grace")
    for chat in (ada, ada, ada, grace):
        sandbox.send_photo(chat, PHOTO)
    async with running(settings, sandbox, photos_per_minute=2) as bot:
        await bot.work()
    assert ["up to 2 photos a minute" in sent.text for sent in sandbox.sent(ada)] == [False, False, True]
    assert [sent.text[:12] for sent in sandbox.sent(grace)] == ["A photo like"]
