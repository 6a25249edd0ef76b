"""Albums, which Telegram sends photo by photo, and their one reply."""

import asyncio

import pytest

from bot import messages
from bot.telegram import app as telegram
from tests.bot.telegram.scenario import OTHER, PHOTO, TelegramBot, texts
from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.telegram import TelegramSandbox


@pytest.mark.parametrize("as_documents", [False, True])
async def test_an_album_gets_one_numbered_reply_to_its_first_photo(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint, as_documents: bool
) -> None:
    album = sandbox.send_album(
        sandbox.private(), [PHOTO, OTHER, PHOTO], "holidays", shuffle=True, as_documents=as_documents
    )
    await bot.work()
    [reply] = sandbox.world.sent
    assert reply.reply_to == album[0]["message_id"]
    first, second, third = reply.text.splitlines()
    assert first.startswith("1. A photo like")
    assert second.startswith("2. A photo like")
    assert third == first.replace("1.", "3.", 1)
    assert first[2:] != second[2:]


async def test_an_album_that_was_delivered_twice_is_not_described_twice(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, OTHER])
    await telegram.dispatch_album(bot.app, [*sandbox.updates, *sandbox.updates])
    assert [len(text.splitlines()) for text in texts(sandbox)] == [2]


async def test_a_photo_that_comes_after_its_album_was_answered_gets_its_own_reply(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    album = sandbox.send_album(sandbox.private(), [PHOTO, OTHER, PHOTO], late={2: 0.3})
    await bot.work()
    await asyncio.to_thread(sandbox.wait_until, lambda: len(sandbox.updates) == 3)
    await bot.work()
    assert [sent.reply_to for sent in sandbox.world.sent] == [album[0]["message_id"], album[2]["message_id"]]
    assert not texts(sandbox)[1].startswith("1.")


async def test_one_bad_photo_of_an_album_does_not_spoil_the_others(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, b"no photo", OTHER], as_documents=True)
    await bot.work()
    lines = texts(sandbox)[0].splitlines()
    assert ["A photo like" in line for line in lines] == [True, False, True]


async def test_a_video_in_an_album_is_mentioned_once(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, OTHER], also=[sandbox.people.media("video")])
    await bot.work()
    [text] = texts(sandbox)
    assert text.splitlines()[2] == messages.LEFT_OUT
