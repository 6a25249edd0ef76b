"""What moves, and stickers: a look at the still that Telegram has of it, where somebody asked for it."""

import io

import pytest
from PIL import Image

from bot import messages
from bot.settings import BotSettings
from bot.telegram import app as telegram
from tests.bot.conftest import make_photo
from tests.bot.telegram.scenario import OTHER, PHOTO, TelegramBot, running, texts
from tests.sandbox.endpoint import CaptionEndpoint, caption_of, sentence_of
from tests.sandbox.telegram import TelegramSandbox

STILL = make_photo(320, 240, quality=60)
KINDS = {
    "animation": "An animation",
    "video": "A video",
    "video_note": "A video message",
    "animated sticker": "A sticker",
    "video sticker": "A sticker",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_its_still_is_captioned_in_private_and_named_as_one(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint, kind: str
) -> None:
    message = sandbox.send(sandbox.private(), kind, thumbnail=STILL)
    await bot.work()
    [reply] = sandbox.replies(message)
    assert reply.text == f"{KINDS[kind]}; its cover shows {caption_of(endpoint.seen[0].image)}."
    assert len(sandbox.world.downloads) == 1


async def test_a_cover_that_somebody_chose_goes_before_the_thumbnail(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    video = sandbox.send(sandbox.private(), "video", thumbnail=STILL, cover=PHOTO)
    await bot.work()
    assert len(sandbox.replies(video)) == 1
    with Image.open(io.BytesIO(endpoint.seen[0].image)) as seen:
        assert seen.size == (320, 240)
    assert sandbox.world.downloads[0].bytes_sent == video["video"]["cover"][1]["file_size"]


async def test_a_sticker_that_stands_still_is_captioned(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sticker = make_photo(512, 512, "WEBP")
    message = sandbox.send(sandbox.private(), "sticker", data=sticker)
    await bot.work()
    assert [reply.text for reply in sandbox.replies(message)] == [sentence_of(sticker)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_group_is_spared_until_somebody_asks(
    settings: BotSettings, sandbox: TelegramSandbox, kind: str
) -> None:
    group = sandbox.group()
    message = sandbox.send(group, kind, thumbnail=STILL)
    sandbox.send(group, "sticker", data=make_photo(512, 512, "WEBP"))
    async with running(settings, sandbox) as bot:
        await bot.work()
        for update in sandbox.updates:  # those that the front door leaves out, too
            await telegram.dispatch(bot.app, update)
        assert not sandbox.world.sent
        for words in ("/caption", "@captions_sandbox_bot what is it?"):
            sandbox.say(group, words, reply_to=message)
        await bot.work()
    assert [reply.text.partition(";")[0] for reply in sandbox.replies(message)] == [KINDS[kind]] * 2


@pytest.mark.parametrize("kind", ["video", "animation"])
async def test_a_group_s_video_that_calls_the_bot_is_looked_at(
    sandbox: TelegramSandbox, bot: TelegramBot, kind: str
) -> None:
    message = sandbox.send(sandbox.group(), kind, thumbnail=STILL, caption="what is this, @captions_sandbox_bot?")
    await bot.work()
    assert [reply.text.partition(";")[0] for reply in sandbox.replies(message)] == [KINDS[kind]]


async def test_a_video_in_reply_to_the_bot_is_meant_for_it(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    sandbox.send_photo(group, PHOTO)
    await bot.work()
    answer = sandbox.world.sent[0]
    ours = {"message_id": answer.message_id, "from": sandbox.world.bot, "chat": group.as_json(), "date": 0}
    video = sandbox.send(group, "video", thumbnail=STILL, reply_to=ours)
    await bot.work()
    assert len(sandbox.replies(video)) == 1


async def test_a_video_sent_as_a_file_is_looked_at_too(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    message = sandbox.send_document(sandbox.private(), b"\0" * 99, "clip.mov", "video/quicktime", thumbnail=STILL)
    await bot.work()
    assert [reply.text.partition(";")[0] for reply in sandbox.replies(message)] == ["A video"]


async def test_a_video_of_an_album_has_its_line(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, OTHER], also=[sandbox.people.media("video", thumbnail=STILL)])
    await bot.work()
    [text] = texts(sandbox)
    assert text.splitlines()[2].startswith("3. A video; its cover shows a photo like")


async def test_an_album_of_a_group_is_told_without_its_videos(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sandbox.send_album(sandbox.group(), [PHOTO, OTHER], also=[sandbox.people.media("video", thumbnail=STILL)])
    await bot.work()
    assert [len(text.splitlines()) for text in texts(sandbox)] == [2]


@pytest.mark.parametrize(("thumbnail", "answered"), [(STILL, True), (make_photo(320, 180), False), (None, False)])
async def test_a_file_over_the_limit_is_captioned_from_its_thumbnail_if_that_will_do(
    sandbox: TelegramSandbox, bot: TelegramBot, thumbnail: bytes | None, answered: bool
) -> None:
    file = sandbox.send_document(sandbox.private(), PHOTO, size=8_600_000, thumbnail=thumbnail)
    await bot.work()
    [reply] = sandbox.replies(file)
    assert ("photo like" in reply.text) is answered
    assert ("8.3 MB" in reply.text) is not answered


async def test_a_file_within_the_limit_is_had_whole(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    file = sandbox.send_document(sandbox.private(), PHOTO, thumbnail=STILL)
    await bot.work()
    assert [reply.text for reply in sandbox.replies(file)] == [sentence_of(PHOTO)]


# --- what claims to be a photo ----------------------------------------------------------------------------------------

CLAIMS = [
    ("logo.svg", "image/svg+xml"),
    ("poster.psd", "image/vnd.adobe.photoshop"),
    ("favicon.ico", "image/x-icon"),
    ("raw.dng", "image/x-adobe-dng"),
]


@pytest.mark.parametrize(("name", "media_type"), CLAIMS)
async def test_what_only_claims_to_be_a_photo_gets_its_sentence_in_private_alone(
    sandbox: TelegramSandbox, bot: TelegramBot, name: str, media_type: str
) -> None:
    sandbox.send_document(sandbox.group(), b"<svg/>", name, media_type)
    message = sandbox.send_document(sandbox.private(), b"<svg/>", name, media_type, thumbnail=STILL)
    await bot.work()
    [reply] = sandbox.world.sent
    assert reply.reply_to == message["message_id"]
    assert reply.text == messages.not_a_photo(media_type)
    assert not sandbox.world.downloads


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.jfif", "application/octet-stream"),
        ("A.JFIF", None),
        ("a.jpe", ""),
        ("IMG_1.HEIC", "application/heic"),
        ("a", "image/jfif"),
        ("a.png", "IMAGE/PNG"),
        ("a.jpg", "image/jpeg; charset=binary"),
    ],
)
async def test_other_names_of_photos_are_known(
    sandbox: TelegramSandbox, bot: TelegramBot, name: str, media_type: str | None
) -> None:
    file = sandbox.send_document(sandbox.group(), make_photo(), name, media_type)
    await bot.work()
    assert ["photo like" in reply.text for reply in sandbox.replies(file)] == [True]
