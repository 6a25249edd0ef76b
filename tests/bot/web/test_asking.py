"""What the page is told when the endpoint answers, refuses, or is not there."""

import threading

import msgspec
import pytest

from bot import messages
from bot.outcomes import Captioned, Refused
from bot.settings import BotSettings
from bot.web.asking import Answer, Unanswered, ask
from bot.web.conversation import Turn
from common.contract import Code
from tests.bot.conftest import make_photo
from tests.sandbox.endpoint import CaptionEndpoint, Failure, caption_of

PHOTO = make_photo()


async def test_a_photo_gets_its_caption(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    assert await ask(settings, PHOTO, "web-1") == Captioned(caption_of(PHOTO))
    assert [seen.request_id for seen in endpoint.seen] == ["web-1"]


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (Failure(400, "corrupt_image"), Refused(messages.CORRUPT)),
        (Failure(415, "unsupported_format"), Refused(messages.not_a_photo())),
        (Failure(401, "unauthorized"), Unanswered(messages.MISCONFIGURED)),
        (Failure(504, "deadline_exceeded"), Unanswered(messages.TOOK_TOO_LONG)),
        (Failure(418, "a_code_of_tomorrow"), Refused(messages.UNREADABLE)),
        (Failure(500), Unanswered(messages.WEB_NO_ANSWER)),
    ],
)
async def test_only_what_the_photo_is_to_blame_for_is_final(
    settings: BotSettings, endpoint: CaptionEndpoint, failure: Failure, answer: Answer
) -> None:
    endpoint.failures = [failure]
    assert await ask(settings, PHOTO, "web-1") == answer


async def test_an_overloaded_endpoint_is_waited_for(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    endpoint.failures = [Failure(503, Code.OVERLOADED, {"Retry-After": "0"})]
    assert await ask(settings, PHOTO, "web-1") == Captioned(caption_of(PHOTO))


async def test_an_endpoint_that_is_not_there_is_said_at_once(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    endpoint.stop()
    with_password = settings.inference_url.replace("://", "://ada:hidden@")
    forever = msgspec.structs.replace(settings, caption_timeout=3600, inference_url=with_password)
    answer = await ask(forever, PHOTO, "web-1")
    assert isinstance(answer, Unanswered)
    assert settings.inference_url in answer.sentence and "hidden" not in answer.sentence
    endpoint.start()
    assert await ask(forever, PHOTO, "web-1") == Captioned(caption_of(PHOTO))


def test_a_photo_whose_page_is_drawn_anew_meanwhile_is_asked_once(
    settings: BotSettings, endpoint: CaptionEndpoint
) -> None:
    """Streamlit draws the page beside the drawing that waits, once for each photo that is dropped."""
    endpoint.pause = 0.5
    turn = Turn("cat.jpg", PHOTO)
    drawings = [threading.Thread(target=_draw, args=(turn, settings)) for _ in range(4)]
    for drawing in drawings:
        drawing.start()
    for drawing in drawings:
        drawing.join()
    assert turn.answer == Captioned(caption_of(endpoint.seen[0].image))
    assert len(endpoint.seen) == 1


def _draw(turn: Turn, settings: BotSettings) -> None:
    turn.screen(settings.max_image_bytes)
    turn.ask(settings)
