"""A photo's way to the endpoint: what is refused before, what travels, and what is said about each."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from PIL import Image

from bot import messages
from bot.client import CaptionClient
from bot.errors import Declined, TryAgain
from bot.outcomes import Captioned, Refused
from bot.pipeline import Photo, Pipeline
from bot.settings import BotSettings
from bot.warmer import Warmer
from common.contract import Code
from tests.bot.conftest import make_photo
from tests.sandbox.endpoint import CaptionEndpoint, Failure, caption_of, sentence_of


class Download:
    """A file on a platform's host; counts how often it is fetched."""

    def __init__(self, content: bytes | Exception) -> None:
        self.content = content
        self.times = 0

    async def __call__(self) -> bytes:
        self.times += 1
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


def a_photo(fetch: Callable[[], Awaitable[bytes]], size: int | None = None, media_type: str | None = None) -> Photo:
    return Photo("F1", size, media_type, fetch)


@pytest.fixture
async def pipeline(settings: BotSettings) -> AsyncIterator[Pipeline]:
    async with CaptionClient(settings) as client:
        warmer = Warmer(client)
        yield Pipeline(settings, client, warmer)
        await warmer.aclose()


async def test_a_small_photo_travels_as_it_is(pipeline: Pipeline, endpoint: CaptionEndpoint) -> None:
    image = make_photo()
    assert await pipeline.captions([a_photo(Download(image))], "slack-Ev1") == [Captioned(caption_of(image))]
    assert endpoint.seen[0].request_id == "slack-Ev1"


async def test_a_download_wakes_the_endpoint(pipeline: Pipeline, endpoint: CaptionEndpoint) -> None:
    arrived = asyncio.Event()

    async def slow() -> bytes:
        await arrived.wait()
        return make_photo()

    captioning = asyncio.create_task(pipeline.captions([a_photo(slow)], "1"))
    while not endpoint.pings:  # noqa: ASYNC110 (it lives in another thread)
        await asyncio.sleep(0.01)
    assert not endpoint.seen
    arrived.set()
    await captioning


async def test_a_photo_over_the_limit_is_never_fetched(pipeline: Pipeline) -> None:
    download = Download(b"")
    [outcome] = await pipeline.captions([a_photo(download, size=8_600_000)], "1")
    assert outcome == Refused(messages.too_large(8_600_000, 6 * 1024 * 1024))
    assert "8.3 MB" in outcome.sentence
    assert "6 MB" in outcome.sentence
    assert download.times == 0


@pytest.mark.parametrize("media_type", ["video/mp4", "application/pdf", "text/html"])
async def test_a_file_that_is_no_photo_is_never_fetched(pipeline: Pipeline, media_type: str) -> None:
    download = Download(b"")
    [outcome] = await pipeline.captions([a_photo(download, media_type=media_type)], "1")
    assert isinstance(outcome, Refused)
    assert media_type in outcome.sentence
    assert download.times == 0


async def test_a_heavy_photo_is_shrunk_before_it_travels(pipeline: Pipeline, endpoint: CaptionEndpoint) -> None:
    image = make_photo(2400, 1600, quality=95)
    assert len(image) > 2_000_000
    [outcome] = await pipeline.captions([a_photo(Download(image))], "1")
    assert isinstance(outcome, Captioned)
    sent = endpoint.seen[0].image
    assert len(sent) <= 1_000_000
    with Image.open(io.BytesIO(sent)) as travelled:
        assert travelled.format == "JPEG"
        assert min(travelled.size) >= 448


async def test_a_heavy_photo_on_its_side_is_turned_once(pipeline: Pipeline, endpoint: CaptionEndpoint) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = make_photo(2400, 1600, quality=95, exif=exif)
    await pipeline.captions([a_photo(Download(image))], "1")
    with Image.open(io.BytesIO(endpoint.seen[0].image)) as travelled:
        assert travelled.height > travelled.width
        assert travelled.getexif().get(0x0112, 1) == 1


async def test_the_strangest_shape_still_travels(pipeline: Pipeline, endpoint: CaptionEndpoint) -> None:
    image = make_photo(20, 70_000, "PNG")
    [outcome] = await pipeline.captions([a_photo(Download(image))], "1")
    assert isinstance(outcome, Captioned)
    assert len(endpoint.seen[0].image) <= 1_000_000


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><title>Sign in</title>", b"\xff\xd8\xff\xe0 no more"])
async def test_what_is_no_image_is_refused_in_words(
    pipeline: Pipeline, endpoint: CaptionEndpoint, content: bytes
) -> None:
    [outcome] = await pipeline.captions([a_photo(Download(content))], "1")
    assert isinstance(outcome, Refused)
    assert outcome.sentence
    assert not endpoint.seen


async def test_the_photos_of_one_message_keep_their_order_whatever_becomes_of_each(pipeline: Pipeline) -> None:
    first, third = make_photo(), make_photo(65)

    async def late() -> bytes:
        await asyncio.sleep(0.1)
        return first

    photos = [a_photo(late), a_photo(Download(Declined("That one is gone."))), a_photo(Download(third))]
    outcomes = await pipeline.captions(photos, "1")
    assert outcomes == [Captioned(caption_of(first)), Refused("That one is gone."), Captioned(caption_of(third))]
    assert messages.captions(outcomes, 4096).splitlines() == [
        f"1. {sentence_of(first)}",
        "2. That one is gone.",
        f"3. {sentence_of(third)}",
    ]


async def test_one_photo_that_has_to_wait_makes_its_message_wait(pipeline: Pipeline) -> None:
    photos = [a_photo(Download(make_photo())), a_photo(Download(TryAgain("the file host answered 503")))]
    with pytest.raises(TryAgain) as again:
        await pipeline.captions(photos, "1")
    assert again.value.reason == "the file host answered 503"


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OVERLOADED])
async def test_each_code_of_the_endpoint_has_a_sentence(
    pipeline: Pipeline, endpoint: CaptionEndpoint, code: Code
) -> None:
    endpoint.failures = [Failure(code.status, code)]
    assert await pipeline.captions([a_photo(Download(make_photo()))], "1") == [Refused(messages.SENTENCES[code])]


async def test_a_code_of_a_newer_endpoint_has_a_sentence_too(pipeline: Pipeline, endpoint: CaptionEndpoint) -> None:
    endpoint.failures = [Failure(422, "too_beautiful")]
    assert await pipeline.captions([a_photo(Download(make_photo()))], "1") == [Refused(messages.UNREADABLE)]


async def test_an_overloaded_endpoint_is_waited_for(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    endpoint.failures = [Failure(503, "overloaded")] * 50
    async with CaptionClient(msgspec.structs.replace(settings, caption_timeout=0.5)) as client:
        with pytest.raises(TryAgain):
            await Pipeline(settings, client, Warmer(client)).captions([a_photo(Download(make_photo()))], "1")
