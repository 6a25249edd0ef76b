"""Videos and GIFs: a look at what Slack shows of them, where somebody asked for it."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from bot import messages
from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.endpoint import caption_of, sentence_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]
VIDEO = b"\0\0\0\x18ftypmp42" + b"\0" * 2000


def video(poster: bytes | None) -> Upload:
    return Upload(VIDEO, "clip.mp4", poster=poster)


def gif(frames: int) -> bytes:
    out = io.BytesIO()
    first, *others = (Image.effect_noise((64, 48), 80) for _ in range(frames))
    first.save(out, "GIF", save_all=True, append_images=others)
    return out.getvalue()


@pytest.mark.parametrize(
    ("channel", "text", "answered"),
    [("D0ALICE", "", True), ("G0THREE", "", True), ("C0GENERAL", "", False), ("C0GENERAL", "<@U0BOT>", True)],
)
async def test_a_video_is_told_by_its_cover_where_the_bot_was_called(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, channel: str, text: str, answered: bool
) -> None:
    poster = photo(320, 240)
    sent = slack.upload(channel, [video(poster)], text=text)
    await bot.hears(sent)
    expected = [f"A video; its cover shows {caption_of(poster)}."] if answered else []
    assert [reply.text for reply in slack.replies(sent)] == expected
    assert [download.what for download in slack.workspace.downloads] == ["thumb_video"][: len(expected)]


async def test_a_mention_in_the_thread_of_a_video_looks_at_it(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    poster = photo(320, 240)
    async with bot_with(settings_in(slack, settings)) as bot:
        sent = slack.upload("C0GENERAL", [video(poster)])
        await bot.hears(sent)
        assert not slack.posted
        await bot.hears(slack.mention("C0GENERAL", thread_ts=sent.ts))
    assert [reply.text for reply in slack.replies(sent)] == [f"A video; its cover shows {caption_of(poster)}."]


async def test_a_video_without_a_cover_is_told_so_and_never_fetched(
    slack: SlackSandbox, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.files.PAUSES", (0.01, 0.01))
    sent = slack.upload("D0ALICE", [video(None)])
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [messages.NO_COVER]
    assert not slack.workspace.downloads


async def test_a_photo_beside_a_video_is_captioned_and_the_video_where_the_bot_was_called(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    poster, image = photo(320, 240), photo()
    quiet = slack.upload("C0GENERAL", [video(poster), image])
    called = slack.upload("C0GENERAL", [video(poster), image], text="<@U0BOT>")
    await bot.hears(quiet, called)
    assert [reply.text for reply in slack.replies(quiet)] == [sentence_of(image)]
    assert slack.replies(called)[0].text.splitlines() == [
        f"1. A video; its cover shows {caption_of(poster)}.",
        f"2. {sentence_of(image)}",
    ]


@pytest.mark.parametrize(("channel", "answered"), [("D0ALICE", True), ("C0GENERAL", False)])
async def test_a_gif_that_moves_is_no_photo_of_a_channel(
    slack: SlackSandbox, bot: Bot, channel: str, answered: bool
) -> None:
    moving = gif(3)
    sent = slack.upload(channel, [Upload(moving, "cat.gif", renditions=False)])
    sent.payload["event"]["files"][0]["thumb_360_gif"] = slack.files_url + "files-tmb/T0SANDBOX-F1/cat_360.gif"
    await bot.hears(sent)
    expected = [f"A GIF; its cover shows {caption_of(moving)}."] if answered else []
    assert [reply.text for reply in slack.replies(sent)] == expected


async def test_a_gif_that_stands_still_is_a_photo(slack: SlackSandbox, bot: Bot) -> None:
    still = gif(1)
    sent = slack.upload("C0GENERAL", [Upload(still, "cat.gif", renditions=False)])
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(still)]


@pytest.mark.parametrize("media_type", ["image/svg+xml", "image/vnd.adobe.photoshop", "image/x-icon"])
async def test_what_only_claims_to_be_a_photo_is_passed_over_in_a_channel(
    slack: SlackSandbox, bot: Bot, media_type: str
) -> None:
    drawing = Upload(b"<svg/>", "logo.svg", mimetype=media_type)
    direct = slack.upload("D0ALICE", [drawing])
    await bot.hears(slack.upload("C0GENERAL", [drawing]), direct)
    assert [posted.text for posted in slack.posted] == [messages.not_a_photo(media_type)]


async def test_slack_s_own_rendition_of_a_photoshop_file_is_captioned(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    sent = slack.upload("C0GENERAL", [Upload(photo(640, 480, quality=5), mimetype="image/vnd.adobe.photoshop")])
    await bot.hears(sent)
    assert "photo like" in slack.replies(sent)[0].text
