"""Everything that people send but photos."""

import asyncio

import pytest

from bot import messages
from bot.telegram import app as telegram
from tests.bot.telegram.scenario import PHOTO, TelegramBot
from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.telegram import TelegramSandbox


@pytest.mark.parametrize("kind", ["video", "animation", "animated sticker", "voice", "audio", "video_note"])
async def test_what_is_no_photo_gets_a_polite_sentence_in_private(
    sandbox: TelegramSandbox, bot: TelegramBot, kind: str
) -> None:
    message = sandbox.send(sandbox.private(), kind)
    await bot.work()
    assert ["photos only" in sent.text for sent in sandbox.replies(message)] == [True]


async def test_a_file_that_is_no_image_gets_a_polite_sentence_in_private(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    message = sandbox.send_document(sandbox.private(), b"%PDF", "minutes.pdf", "application/pdf")
    await bot.work()
    assert [sent.text for sent in sandbox.replies(message)] == [messages.only_photos("a file that is no image")]


@pytest.mark.parametrize(
    ("words", "answer"), [("/start", messages.HELLO), ("/help", messages.HELP), ("hi", messages.HELP)]
)
async def test_somebody_who_asks_is_told_what_the_bot_does(
    sandbox: TelegramSandbox, bot: TelegramBot, words: str, answer: str
) -> None:
    message = sandbox.say(sandbox.private(), words)
    await bot.work()
    assert [sent.text for sent in sandbox.replies(message)] == [answer]


async def test_an_edited_message_is_not_answered_again(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.edit(photo, "my cat")
    await bot.work()
    await telegram.dispatch(bot.app, sandbox.updates[1])
    assert len(sandbox.world.sent) == 1


async def test_starting_the_bot_or_taking_it_into_a_group_warms_the_model(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    sandbox.say(sandbox.private(), "/start")
    await bot.work()
    await bot.warmer.wait(10)
    assert endpoint.pings == 1
    sandbox.bot_becomes(sandbox.group(), "member")
    await bot.work()
    await bot.warmer.wait(10)
    assert endpoint.pings == 2


async def test_leaving_a_group_warms_nothing(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    sandbox.bot_becomes(sandbox.group(), "kicked", before="member")
    await telegram.dispatch(bot.app, sandbox.updates[0])
    await asyncio.sleep(0)
    assert endpoint.pings == 0
