"""From an encoded photo to what there is to say about it."""

from dataclasses import dataclass

from bot import messages
from bot.client import CaptionClient, EndpointRefused
from bot.errors import TryAgain
from bot.outcomes import Captioned, Refused
from bot.settings import BotSettings
from common.contract import Code

# With these the photo is not to blame.
PASSING = {Code.OVERLOADED, Code.DEADLINE_EXCEEDED, Code.UNAUTHORIZED}


@dataclass(frozen=True)
class Unanswered:
    """There is no caption yet, and the same photo may well get one later; `sentence` says what to do until then."""

    sentence: str


Answer = Captioned | Refused | Unanswered


async def ask(settings: BotSettings, image: bytes, request_id: str) -> Answer:
    """Fetch the caption of a screened image.

    Somebody is watching, so an endpoint that is not there is said at once: only one that is up is tried again.
    """
    async with CaptionClient(settings) as client:
        if await client.ping() is None:
            return Unanswered(messages.web_photo_kept(messages.web_unreachable(settings.inference_address)))
        try:
            return Captioned(await client.caption(image, request_id))
        except EndpointRefused as refused:
            sentence = messages.for_code(refused.code)
            return Unanswered(sentence) if refused.code in PASSING else Refused(sentence)
        except TryAgain:
            return Unanswered(messages.WEB_NO_ANSWER)
