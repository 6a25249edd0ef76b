"""The caption client against an endpoint that fails in every way that it may."""

import msgspec
import pytest

from bot import messages
from bot.client import CaptionClient, EndpointRefused
from bot.errors import TryAgain
from bot.settings import BotSettings
from tests.bot.conftest import KEY
from tests.sandbox.endpoint import CaptionEndpoint, Failure, caption_of

IMAGE = b"\xff\xd8\xff any bytes"


async def test_a_caption_comes_back_and_the_request_id_goes_along(
    settings: BotSettings, endpoint: CaptionEndpoint
) -> None:
    async with CaptionClient(settings) as client:
        assert await client.caption(IMAGE, "slack-Ev1") == caption_of(IMAGE)
    [seen] = endpoint.seen
    assert (seen.request_id, seen.authorization, seen.image) == ("slack-Ev1", f"Bearer {KEY}", IMAGE)


async def test_a_caption_that_the_endpoint_is_not_sure_of_is_told_as_a_guess(
    settings: BotSettings, endpoint: CaptionEndpoint
) -> None:
    careful = msgspec.structs.replace(settings, unsure_below=0.5)
    for confidence, caution, sure in (
        (0.4, careful, False),
        (0.6, careful, True),
        (None, careful, True),
        (0.1, settings, True),
    ):
        endpoint.confidence = confidence
        async with CaptionClient(caution) as client:
            told = await client.caption(IMAGE, "1")
        assert told == (caption_of(IMAGE) if sure else f"I am not sure: perhaps {caption_of(IMAGE)}")


@pytest.mark.parametrize("failure", [Failure(0), Failure(429), Failure(502), Failure(503, "overloaded")])
async def test_a_failure_that_may_pass_is_tried_again(
    settings: BotSettings, endpoint: CaptionEndpoint, failure: Failure
) -> None:
    endpoint.failures = [failure, failure]
    async with CaptionClient(settings) as client:
        assert await client.caption(IMAGE, "1") == caption_of(IMAGE)
    assert len(endpoint.seen) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "empty_image"),
        (400, "corrupt_image"),
        (401, "unauthorized"),
        (413, "image_too_large"),
        (415, "unsupported_format"),
        (504, "deadline_exceeded"),
    ],
)
async def test_a_refusal_is_asked_for_once(
    settings: BotSettings, endpoint: CaptionEndpoint, status: int, code: str
) -> None:
    endpoint.failures = [Failure(status, code)]
    async with CaptionClient(settings) as client:
        with pytest.raises(EndpointRefused) as refused:
            await client.caption(IMAGE, "1")
    assert refused.value.code == code
    assert len(endpoint.seen) == 1


@pytest.mark.parametrize("status", [404, 500, 504])
async def test_an_answer_of_something_in_between_is_no_refusal(
    settings: BotSettings, endpoint: CaptionEndpoint, status: int
) -> None:
    endpoint.failures = [Failure(status)]
    async with CaptionClient(settings) as client:
        with pytest.raises(TryAgain):
            await client.caption(IMAGE, "1")
    assert len(endpoint.seen) == 1


async def test_retry_after_is_waited_for_but_not_beyond_the_deadline(
    settings: BotSettings, endpoint: CaptionEndpoint
) -> None:
    endpoint.failures = [Failure(503, "overloaded", {"Retry-After": "3600"})]
    async with CaptionClient(msgspec.structs.replace(settings, caption_timeout=0.5)) as client:
        with pytest.raises(TryAgain) as again:
            await client.caption(IMAGE, "1")
    assert len(endpoint.seen) == 1
    assert again.value.reason


async def test_a_slow_endpoint_is_given_up_at_the_deadline(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    endpoint.pause = 60
    async with CaptionClient(msgspec.structs.replace(settings, caption_timeout=0.3)) as client:
        with pytest.raises(TryAgain):
            await client.caption(IMAGE, "1")


async def test_an_endpoint_that_is_down_is_tried_until_it_is_up(
    settings: BotSettings, endpoint: CaptionEndpoint
) -> None:
    endpoint.stop()
    async with CaptionClient(msgspec.structs.replace(settings, caption_timeout=0.3)) as client:
        with pytest.raises(TryAgain):
            await client.caption(IMAGE, "1")
        assert not await client.ping()
        endpoint.start()
        assert await client.caption(IMAGE, "1") == caption_of(IMAGE)
        assert await client.ping()


async def test_the_key_is_sent_to_the_endpoint_alone(settings: BotSettings) -> None:
    elsewhere = msgspec.structs.replace(settings, inference_url="http://127.0.0.1:9", caption_timeout=0.2)
    async with CaptionClient(elsewhere) as client:
        with pytest.raises(TryAgain) as again:
            await client.caption(IMAGE, "1")
    assert KEY not in again.value.reason


@pytest.mark.parametrize(
    "body",
    [
        '{"caption": "", "status": "success"}',
        '{"caption": "  \\n ", "status": "success"}',
        '{"caption": null}',
        '{"status": "success"}',
        "[]",
        "<html>Sign in to the hotel's network</html>",
        "",
    ],
)
async def test_an_answer_without_a_caption_is_a_failure(
    settings: BotSettings, endpoint: CaptionEndpoint, body: str
) -> None:
    endpoint.failures = [Failure(200, body=body)]
    async with CaptionClient(settings) as client:
        with pytest.raises(TryAgain, match="without a caption") as again:
            await client.caption(IMAGE, "1")
        assert again.value.apology == messages.UNREADABLE
        assert await client.caption(IMAGE, "1") == caption_of(IMAGE)


async def test_a_caption_is_one_line(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    endpoint.failures = [Failure(200, body='{"caption": " a dog\\non a beach\\t"}')]
    async with CaptionClient(settings) as client:
        assert await client.caption(IMAGE, "1") == "a dog on a beach"
