"""What somebody hid stays hidden: the caption of a photo under a spoiler is under one too."""

import pytest

from tests.bot.telegram.scenario import OTHER, PHOTO, TelegramBot
from tests.sandbox.endpoint import CaptionEndpoint, Failure
from tests.sandbox.telegram import TelegramSandbox


async def test_the_caption_of_a_hidden_photo_is_hidden(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    hidden, shown = sandbox.send_photo(chat, PHOTO, spoiler=True), sandbox.send_photo(chat, PHOTO)
    await bot.work()
    assert [(reply.text,) == reply.hidden for reply in sandbox.replies(hidden)] == [True]
    assert [reply.hidden for reply in sandbox.replies(shown)] == [()]


async def test_of_an_album_the_lines_of_hidden_photos_are_hidden(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    also = [
        sandbox.people.photo(OTHER, spoiler=True),
        sandbox.people.media("video", thumbnail=OTHER, spoiler=True),
        sandbox.people.media("video"),
    ]
    sandbox.send_album(sandbox.private(), [PHOTO, PHOTO], also=also)
    await bot.work()
    [sent] = sandbox.world.sent
    assert sent.hidden == tuple(sent.text.splitlines()[2:4])
    assert len(sent.text.splitlines()) == 5


@pytest.mark.parametrize("words", ["/caption", "@captions_sandbox_bot"])
async def test_asking_for_a_hidden_photo_does_not_show_it(
    sandbox: TelegramSandbox, bot: TelegramBot, words: str
) -> None:
    group = sandbox.group()
    photo = sandbox.send_photo(group, PHOTO, spoiler=True)
    sandbox.say(group, words, reply_to=photo)
    await bot.work()
    assert [bool(reply.hidden) for reply in sandbox.replies(photo)] == [True, True]


async def test_offsets_are_counted_as_telegram_counts(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    from bot.telegram.replies import Said

    said = Said.of(["1. 🐈 on a 🏖", "2. 🐕", "3. ✈"], [True, False, True])
    units = said.text.encode("utf-16-le")
    hidden = [units[2 * e.offset : 2 * (e.offset + e.length)].decode("utf-16-le") for e in said.entities or []]
    assert hidden == ["1. 🐈 on a 🏖", "3. ✈"]
    long = Said.of(["a" * 4000, "b" * 200, "c"], [True, True, True])
    assert [(e.offset, e.length) for e in long.entities or []] == [(0, 4000), (4001, 95)]
    assert Said.of(["plain"], [False]).entities is None


async def test_a_refusal_of_a_hidden_photo_is_hidden_too(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    endpoint.failures = [Failure(422, "too_beautiful")]
    photo = sandbox.send_photo(sandbox.private(), PHOTO, spoiler=True)
    await bot.work()
    assert [len(reply.hidden) for reply in sandbox.replies(photo)] == [1]
