"""A photo, or a file that is one, and the answer that arrives in the chat."""

import io

import pytest
from PIL import Image

from bot.settings import BotSettings
from tests.bot.conftest import make_photo
from tests.bot.telegram.scenario import PHOTO, TelegramBot, running, texts
from tests.sandbox.endpoint import CaptionEndpoint, sentence_of
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault


async def test_a_photo_is_answered_with_its_caption(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [sentence_of(endpoint.seen[0].image)]
    assert endpoint.seen[0].request_id == f"telegram-{sandbox.updates[0]['update_id']}"


async def test_only_the_smallest_size_that_covers_the_model_is_downloaded(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    await bot.work()
    small, medium, *_ = photo["photo"]
    assert (small["width"], medium["width"]) == (90, 320)
    assert [download.bytes_sent for download in sandbox.world.downloads] == [medium["file_size"]]
    with Image.open(io.BytesIO(endpoint.seen[0].image)) as seen:
        assert seen.size == (320, 240)


async def test_a_panorama_is_taken_in_a_size_whose_short_side_covers_the_model(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    photo = sandbox.send_photo(sandbox.private(), make_photo(2000, 600))
    await bot.work()
    chosen = next(size for size in photo["photo"] if size["height"] >= 224)
    assert [download.bytes_sent for download in sandbox.world.downloads] == [chosen["file_size"]]
    assert len(sandbox.replies(photo)) == 1


async def test_a_photo_smaller_than_the_model_is_taken_as_large_as_it_is(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    photo = sandbox.send_photo(sandbox.private(), make_photo(150, 100))
    await bot.work()
    assert [download.bytes_sent for download in sandbox.world.downloads] == [photo["photo"][-1]["file_size"]]
    assert len(sandbox.replies(photo)) == 1


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.png", "image/png"), ("IMG_1.HEIC", "application/octet-stream"), ("scan.tiff", None)],
)
async def test_an_image_sent_as_a_file_is_answered(
    sandbox: TelegramSandbox, bot: TelegramBot, name: str, media_type: str | None
) -> None:
    file = sandbox.send_document(sandbox.private(), make_photo(kind="PNG"), name, media_type)
    await bot.work()
    assert [sent.text[:12] for sent in sandbox.replies(file)] == ["A photo like"]


async def test_a_file_that_is_too_large_is_refused_with_both_figures_and_not_fetched(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    file = sandbox.send_document(sandbox.private(), PHOTO, size=8_600_000)
    await bot.work()
    [reply] = sandbox.replies(file)
    assert "8.3 MB" in reply.text
    assert "6 MB" in reply.text
    assert not sandbox.world.downloads
    assert "getFile" not in [call.method for call in sandbox.world.calls]


async def test_a_file_beyond_telegrams_own_limit_names_that_limit(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    file = sandbox.send_document(sandbox.private(), PHOTO, size=26_214_400)
    async with running(settings, sandbox, max_image_bytes=50_000_000) as bot:
        await bot.work()
    [reply] = sandbox.replies(file)
    assert "25 MB" in reply.text
    assert "20 MB" in reply.text


async def test_a_file_that_grows_on_the_way_is_left_at_the_limit(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    sandbox.faults.add(Fault("download", body=b"\xff" * 5_000_000))
    file = sandbox.send_document(sandbox.private(), PHOTO)
    async with running(settings, sandbox, max_image_bytes=1_000_000) as bot:
        await bot.work()
    assert ["I can read up to" in sent.text for sent in sandbox.replies(file)] == [True]


async def test_a_damaged_file_gets_a_sentence(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    file = sandbox.send_document(sandbox.private(), b"\xff\xd8\xff" + b"no photo" * 100)
    await bot.work()
    assert len(sandbox.replies(file)) == 1
    assert "A photo like" not in texts(sandbox)[0]
