"""Which bytes the bot fetches from Slack, and from where it fetches none."""

import io
import logging
from collections.abc import AsyncIterator, Callable

import pillow_heif
import pytest
from PIL import Image

from bot import messages
from bot.errors import TryAgain
from bot.settings import BotSettings
from bot.slack.file_objects import file_of
from bot.slack.files import smallest_covering
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.endpoint import CaptionEndpoint, sentence_of
from tests.sandbox.slack import BOT_TOKEN, SlackSandbox
from tests.sandbox.slack_faults import Reset, Slow, Status
from tests.sandbox.slack_person import Sent
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]
LIMIT = 400_000


@pytest.fixture
async def bot(slack: SlackSandbox, settings: BotSettings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    monkeypatch.setattr("bot.slack.files.PAUSES", (0.01, 0.01))
    async with bot_with(settings_in(slack, settings, max_image_bytes=LIMIT)) as bot:
        yield bot


def fetched(slack: SlackSandbox) -> list[str | None]:
    return [download.what for download in slack.workspace.downloads]


async def reply_to(slack: SlackSandbox, bot: Bot, upload: Upload | bytes) -> str:
    sent = slack.upload("C0GENERAL", [upload])
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    return reply.text


@pytest.mark.parametrize(
    ("width", "height", "taken"),
    [
        (1600, 1200, "thumb_360"),
        (1600, 900, "thumb_480"),
        (900, 1600, "thumb_480"),
        (2000, 500, "thumb_960"),
        (640, 120, "original"),
        (200, 200, "original"),
    ],
)
async def test_the_smallest_rendition_that_covers_the_model_is_fetched(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint, width: int, height: int, taken: str
) -> None:
    await reply_to(slack, bot, photo(width, height, quality=5))
    assert fetched(slack) == [taken]
    with Image.open(io.BytesIO(endpoint.seen[0].image)) as image:
        assert taken == "original" or min(image.size) >= 224


def test_square_crops_are_never_taken() -> None:
    file = file_of({"id": "F1", "thumb_160": "https://files.slack.com/t", "thumb_360": "https://files.slack.com/u"})
    assert smallest_covering(file.renditions) is None


async def test_a_photo_over_the_limit_is_captioned_from_its_rendition(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    large = photo(1600, 1200, quality=95)
    assert len(large) > LIMIT
    assert await reply_to(slack, bot, large) != sentence_of(large)
    assert fetched(slack) == ["thumb_360"]


async def test_a_strip_over_the_limit_is_seen_small(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    assert "A photo like" in await reply_to(slack, bot, photo(5000, 200, quality=95))
    assert fetched(slack) == ["thumb_1024"]


async def test_a_photo_over_the_limit_without_renditions_is_refused_unfetched(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    upload = Upload(photo(1600, 1200, quality=95), renditions=False, stated_size=8_200_000)
    assert await reply_to(slack, bot, upload) == messages.too_large(8_200_000, LIMIT)
    assert not fetched(slack)


async def test_a_size_that_lies_is_noticed_while_reading(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    upload = Upload(photo(1600, 1200, quality=95), renditions=False, stated_size=1000)
    assert "I can read up to" in await reply_to(slack, bot, upload)


async def test_late_renditions_are_waited_for(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    await reply_to(slack, bot, Upload(photo(1600, 1200), renditions_after=2, stated_size=2_000_000))
    assert fetched(slack) == ["thumb_360"]


async def test_renditions_of_a_light_photo_are_not_waited_for(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    await reply_to(slack, bot, Upload(photo(), renditions_after=2))
    assert fetched(slack) == ["original"]


async def test_renditions_that_never_come_give_way_to_the_original(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, settings: BotSettings
) -> None:
    upload = Upload(photo(), renditions=False, stated_size=2_000_000)
    async with bot_with(settings_in(slack, settings)) as roomy:
        await reply_to(slack, roomy, upload)
    assert fetched(slack) == ["original"]


async def test_a_rendition_that_is_not_there_yet_gives_way_to_the_original(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    sent = slack.upload("C0GENERAL", [photo(800, 600, quality=5)])
    slack.workspace.files[sent.payload["event"]["files"][0]["id"]].renditions.clear()
    await bot.hears(sent)
    assert fetched(slack) == [None, "original"]
    assert "A photo like" in slack.replies(sent)[0].text


async def test_an_unnamed_type_is_asked_for(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo()
    assert await reply_to(slack, bot, Upload(image, mimetype="", renditions_after=1)) == sentence_of(image)


async def test_a_photo_from_another_workspace_is_asked_for(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo(quality=5)
    assert "A photo like" in await reply_to(slack, bot, Upload(image, stub=True))


async def test_a_paper_from_another_workspace_is_left_alone(slack: SlackSandbox, bot: Bot) -> None:
    await bot.hears(slack.upload("C0GENERAL", [Upload(b"%PDF-1.7", "paper.pdf", stub=True)]))
    assert [call.method for call in slack.workspace.calls] == ["files.info"]


async def test_an_iphone_photo_without_renditions_is_decoded_here(slack: SlackSandbox, bot: Bot) -> None:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (320, 240), "teal")).save(out)
    upload = Upload(out.getvalue(), "IMG_1.HEIC", mimetype="application/octet-stream")
    assert "A photo like" in await reply_to(slack, bot, upload)


# --- where nothing is fetched ----------------------------------------------------------------------------------------


TRICKS = {
    "another host": "http://{other}/files-pri/T0SANDBOX-F1/photo.jpg",
    "a file": "file:///etc/passwd",
    "the cloud's metadata": "http://169.254.169.254/latest/meta-data/",
    "a user named like the host": "http://{host}@{other}/photo.jpg",
    "a user at the host": "http://somebody@{host}/files-pri/x/photo.jpg",
    "a password at the host": "http://:secret@{host}/files-pri/x/photo.jpg",
    "a longer host": "http://{host}.example.org/photo.jpg",
    "another scheme": "https://{host}/files-pri/x/photo.jpg",
    "a backslash": "http://{other}\\@{host}/photo.jpg",
    "a tab": "http://{other}\t@{host}/photo.jpg",
    "a fragment": "http://{other}#@{host}/photo.jpg",
    "no scheme": "//{host}/files-pri/x/photo.jpg",
    "no host": "/files-pri/x/photo.jpg",
    "no port": "http://127.0.0.1:notaport/photo.jpg",
    "nonsense": "http://[::1",
}


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_file_elsewhere_is_not_fetched(slack: SlackSandbox, bot: Bot, photo: MakePhoto, trick: str) -> None:
    host, other = (url.removeprefix("http://").rstrip("/") for url in (slack.files_url, slack.elsewhere_url))
    upload = Upload(photo(), url=TRICKS[trick].format(host=host, other=other), renditions=False)
    assert await reply_to(slack, bot, upload) == messages.SLACK_FILE_ELSEWHERE
    assert not slack.workspace.downloads
    assert not slack.strays


async def test_a_path_beside_the_file_host_s_own_is_not_fetched(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    narrow = settings_in(slack, settings, slack_files_url=slack.files_url + "files-pri/")
    async with bot_with(narrow) as bot:
        upload = Upload(photo(), url=slack.files_url + "files-pri/../login", renditions=False)
        assert await reply_to(slack, bot, upload) == messages.SLACK_FILE_ELSEWHERE
    assert not slack.workspace.downloads


@pytest.mark.parametrize("login", ["page", "redirect"])
async def test_a_missing_scope_is_named_to_the_operator_and_the_person_is_told(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slack.file_host.login = login  # type: ignore[assignment]  # (a parameter of the test)
    slack.credentials.scopes.discard("files:read")
    assert await reply_to(slack, bot, photo()) == messages.SLACK_FILES_CLOSED
    assert any("files:read" in line and "reinstall" in line for line in caplog.messages)
    assert [download.path for download in slack.workspace.downloads if download.path == "/login"] == []


async def test_a_missing_scope_for_a_stub_ends_in_the_same_sentence(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    slack.credentials.scopes.discard("files:read")
    with pytest.raises(TryAgain) as again:
        await bot.hears(slack.upload("C0GENERAL", [Upload(photo(), stub=True)]))
    assert again.value.apology == messages.SLACK_FILES_CLOSED


# --- when the file host has a bad day --------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Status(500), Status(503), Status(429, retry_after=1), Reset()], ids=repr)
async def test_a_download_that_fails_is_tried_again_later(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, fault: Status | Reset
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    slack.faults.add("files", fault, times=2)  # aiohttp repeats a GET by itself when its connection is cut
    with pytest.raises(TryAgain) as again:
        await bot.hears(sent)
    slack.faults.clear()
    assert "http" not in again.value.reason
    assert not slack.posted
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


async def test_a_slow_download_arrives_whole(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo(200, 150, quality=5)
    slack.faults.add("files", Slow(0.01, 512))
    assert await reply_to(slack, bot, Upload(image, renditions=False)) == sentence_of(image)


async def test_no_token_and_no_file_url_is_ever_logged(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("bot.slack", "aiohttp", "slack_sdk", "slack_bolt", "httpx"):
        caplog.set_level(logging.DEBUG, logger)
    everything: list[Sent] = [
        slack.upload("C0GENERAL", [photo(quality=5)]),
        slack.upload("D0ALICE", [Upload(photo(), url=slack.elsewhere_url + "secret-path")]),
        slack.upload("C0GENERAL", [photo(), Upload(b"", mimetype="image/png")]),
        slack.mention("C0GENERAL"),
    ]
    for sent in everything:
        await bot.hears(sent)
    slack.credentials.scopes.clear()
    slack.faults.add("files", Reset(), times=2)
    for sent in (everything[0], everything[0], everything[3]):
        with pytest.raises(TryAgain):
            await bot.hears(sent)
    assert caplog.records
    for secret in (BOT_TOKEN, "files-pri", "files-tmb", "secret-path", "U0ALICE"):
        assert secret not in caplog.text
