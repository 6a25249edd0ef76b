"""How a call of Slack's Web API ends when it does not end well."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.errors import BotError, GiveUp, TryAgain
from bot.settings import BotSettings
from bot.slack.refusals import TABLE, Meaning, remedy
from common.proxies import proxy_for

log = logging.getLogger(__name__)

SHORT: Final = 1.0  # seconds


class Failed(BotError):
    """Slack refused a call and will refuse it again, for there is no place (left) for it; `code` is its error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unconfirmed(TryAgain):
    """The connection broke: whether Slack did what it was asked to is not known."""


@contextmanager
def calling(method: str) -> Iterator[None]:
    """Turn whatever slack_sdk raises inside into the bot's own errors, as the table of refusals says.

    Failed when there is no place (left), GiveUp when the operator has to put something right first, else TryAgain.
    """
    try:
        yield
    except SlackApiError as error:
        code, needed = _code(error)
        meaning = TABLE.get(code)
        if meaning is Meaning.NOWHERE:
            raise Failed(code) from None
        if meaning is not None:
            log.error("%s: %s (%s): %s", method, code, meaning.value, remedy(meaning, method))  # noqa: TRY400 (the sentence says all)
            raise GiveUp(f"{method}: {code}") from None
        if needed:
            log.error("%s needs the scope %s: add it to the app and reinstall it", method, needed)  # noqa: TRY400 (the sentence says all)
        apology = messages.SLACK_FILES_CLOSED if needed == "files:read" else None
        raise TryAgain(
            f"{method}: {code}", apology, after=retry_after(getattr(error.response, "headers", {}))
        ) from None
    except (aiohttp.ClientError, SlackRequestError, TimeoutError) as error:
        raise Unconfirmed(f"{method}: {type(error).__name__}") from None


class ShortWaits(AsyncRateLimitErrorRetryHandler):
    """Waits for as long as Slack asks when that is a moment; a longer wait is spent elsewhere, see `TryAgain.after`."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        limited = await super()._can_retry_async(state=state, request=request, response=response, error=error)
        return limited and response is not None and retry_after(response.headers) <= SHORT


class CutConnections(AsyncConnectionErrorRetryHandler):
    """Repeats what a cut connection may have lost, but for messages: Slack may have posted one already."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith("/chat.postMessage"):
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)


def retry_handlers() -> list[AsyncRetryHandler]:
    """Build slack_sdk's handlers: 429 for a moment, 500 and 503, and cut connections."""
    return [
        ShortWaits(max_retry_count=3),
        AsyncServerErrorRetryHandler(max_retry_count=2),
        CutConnections(max_retry_count=2),
    ]


def web_client(settings: BotSettings, token: str | None, logger: logging.Logger) -> AsyncWebClient:
    """Build a client of the Web API, with the proxy that is meant for its address, if any."""
    client = AsyncWebClient(token, base_url=settings.slack_api_url, logger=logger, retry_handlers=retry_handlers())
    # Set afterwards: given none, slack_sdk takes the environment's, wherever the call goes.
    client.proxy = proxy_for(settings.slack_api_url)
    return client


def retry_after(headers: Mapping[str, Any]) -> float:
    """Read for how many seconds Slack wants to be left alone; 0 when it does not say."""
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                # slack_sdk gives its retry handlers a list.
                return max(0.0, float(value[0] if isinstance(value, list) else value))
            except (ValueError, IndexError):
                return 0.0
    return 0.0


def _code(error: SlackApiError) -> tuple[str, str]:
    """Read the error code and the scope that is missing; a proxy in between may answer with anything."""
    response = error.response
    data = getattr(response, "data", None)
    if not isinstance(data, dict):
        return f"status {getattr(response, 'status_code', 'unknown')}", ""
    return str(data.get("error")), str(data.get("needed") or "")
