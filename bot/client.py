"""The caption client: one pooled HTTP connection to the endpoint, one deadline for everything a photo costs there."""

import asyncio
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx
import msgspec
import stamina

from bot import messages
from bot.errors import TryAgain
from bot.settings import BotSettings
from common.contract import PingResponse
from common.installation import remedy
from common.proxies import direct
from common.settings import SettingsError

RETRIED = frozenset({429, 502, 503})
# https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
FUNCTION_URL = re.compile(r"https://[a-z0-9]+\.lambda-url\.([a-z0-9-]+)\.on\.aws")
FIRST_WAIT, LONGEST_WAIT, JITTER = 0.2, 5.0, 0.5  # seconds


class EndpointRefused(Exception):
    """The endpoint answered with one of its error codes (see common.contract); trying again would not change it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Described:
    """A caption in one line, and how sure the endpoint is of it, 0 to 1; None where it does not say."""

    caption: str
    confidence: float | None


class CaptionClient:
    """POST /caption and GET /ping of the endpoint at `settings.inference_url`."""

    def __init__(self, settings: BotSettings) -> None:
        """Open nothing yet. Raises SettingsError when calls have to be signed and nothing is there to sign with."""
        self._timeout = settings.caption_timeout
        self._unsure_below = settings.unsure_below
        key = settings.inference_api_key
        self._http = httpx.AsyncClient(
            base_url=settings.inference_url,
            auth=_signed(settings),
            headers={"Authorization": f"Bearer {key.reveal()}"} if key else {},
            timeout=httpx.Timeout(settings.caption_timeout, connect=5),
            mounts=direct(settings.inference_url),
        )

    async def caption(self, image: bytes, request_id: str) -> str:
        """Fetch the caption of an encoded image as `describe` does, in the words of a chat.

        One that the endpoint is less sure of than `unsure_below` is worded as a guess.
        """
        found = await self.describe(image, request_id)
        guessed = found.confidence is not None and found.confidence < self._unsure_below
        return messages.unsure(found.caption) if guessed else found.caption

    async def describe(self, image: bytes, request_id: str) -> Described:
        """Fetch the caption of an encoded image; `request_id` appears in the endpoint's log.

        Connection errors, 429, 502 and 503 are tried again, with jitter and as Retry-After asks, until
        `caption_timeout` is spent. Raises EndpointRefused for an answer that will not change, TryAgain otherwise: also
        for one without a caption.
        """
        try:
            async with asyncio.timeout(self._timeout):
                async for attempt in stamina.retry_context(
                    on=_wait_for, attempts=None, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT,
                    wait_jitter=JITTER,
                ):  # fmt: skip
                    with attempt:
                        return await self._post(image, request_id)
        except TimeoutError:
            raise TryAgain(f"the endpoint gave no caption within {self._timeout:g} s") from None
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            raise TryAgain(f"the endpoint failed: {_describe(error)}") from None
        raise AssertionError("stamina ended without an attempt")

    async def _post(self, image: bytes, request_id: str) -> Described:
        response = await self._http.post(
            "/caption",
            content=image,
            headers={"Content-Type": "application/octet-stream", "X-Request-ID": request_id},
        )
        if response.is_success:
            # In one line, for several captions are told line by line.
            if caption := " ".join(_text(response, "caption").split()):
                return Described(caption, _confidence(response))
            raise TryAgain(f"the endpoint answered {response.status_code} without a caption", messages.UNREADABLE)
        if response.status_code not in RETRIED and (code := _text(response, "error")):
            raise EndpointRefused(code)
        response.raise_for_status()
        raise TryAgain(f"the endpoint answered {response.status_code}")

    async def ping(self) -> PingResponse | None:
        """What the endpoint says of itself; it starts to load its model when it is not loaded. None: it is not there.

        Never raises for a failure.
        """
        try:
            response = await self._http.get("/ping", timeout=self._timeout)
            return msgspec.json.decode(response.content, type=PingResponse) if response.is_success else None
        except (httpx.HTTPError, msgspec.DecodeError):
            return None

    async def aclose(self) -> None:
        """Close the pool."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _signed(settings: BotSettings) -> httpx.Auth | None:
    """Sign where the settings say so, or the endpoint is a Function URL; the key is not sent then."""
    function = FUNCTION_URL.fullmatch(settings.inference_url)
    if settings.inference_auth == "key" or not (function or settings.inference_auth == "iam"):
        return None
    try:
        from bot.signing import Signed
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"INFERENCE_URL is a Lambda function, and signing calls of it needs {missing.name}: {remedy('aws')}."
        ) from None
    return Signed(function[1] if function else "")


def _wait_for(error: Exception) -> bool | float:
    """Stamina's hook: whether to try again, or after how many seconds."""
    if isinstance(error, httpx.HTTPStatusError):
        if error.response.status_code not in RETRIED:
            return False
        try:
            return max(0.0, float(error.response.headers["Retry-After"]))
        except (KeyError, ValueError):
            return True
    return isinstance(error, httpx.TransportError)


def _text(response: httpx.Response, field: str) -> str:
    """Read a field of a JSON answer, "" when there is none."""
    value = _field(response, field)
    return value if isinstance(value, str) else ""


def _confidence(response: httpx.Response) -> float | None:
    value = _field(response, "confidence")
    return float(value) if isinstance(value, int | float) else None


def _field(response: httpx.Response, field: str) -> object:
    """Read a field of a JSON answer, None when there is none: a proxy in between may answer with anything."""
    try:
        value: object = response.json()[field]
    except (ValueError, KeyError, TypeError):
        return None
    return value


def _describe(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return str(error.response.status_code)
    return type(error).__name__
