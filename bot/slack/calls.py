"""How a call of Slack's Web API ends when it does not end well."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)

from bot import messages
from bot.errors import BotError, TryAgain

log = logging.getLogger(__name__)

# Somebody removed the message, its file or the bot since the event: there is no place left for an answer.
GONE: Final = frozenset(
    {
        "cannot_reply_to_message",
        "channel_not_found",
        "file_deleted",
        "file_not_found",
        "is_archived",
        "message_not_found",
        "not_in_channel",
        "restricted_action",
        "thread_not_found",
    }
)


class Failed(BotError):
    """Slack refused a call and will refuse it again; `code` is its error code, one of GONE."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unconfirmed(TryAgain):
    """The connection broke: whether Slack did what it was asked to is not known."""


@contextmanager
def calling(method: str) -> Iterator[None]:
    """Turn whatever slack_sdk raises inside into the bot's own errors: Failed when the place is gone, else TryAgain.

    A missing scope or a revoked token is tried again too: the operator can mend it while the event waits.
    """
    try:
        yield
    except SlackApiError as error:
        code, needed = _code(error)
        if code in GONE:
            raise Failed(code) from None
        if needed:
            log.error("%s needs the scope %s: add it to the app and reinstall it", method, needed)  # noqa: TRY400 (the sentence says all)
        apology = messages.SLACK_FILES_CLOSED if needed == "files:read" else None
        raise TryAgain(f"{method}: {code}", apology) from None
    except (aiohttp.ClientError, SlackRequestError, TimeoutError) as error:
        raise Unconfirmed(f"{method}: {type(error).__name__}") from None


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
    """Build slack_sdk's handlers: 429 as Retry-After says, 500 and 503, and cut connections."""
    return [
        AsyncRateLimitErrorRetryHandler(max_retry_count=3),
        AsyncServerErrorRetryHandler(max_retry_count=2),
        CutConnections(max_retry_count=2),
    ]


def _code(error: SlackApiError) -> tuple[str, str]:
    """Read the error code and the scope that is missing; a proxy in between may answer with anything."""
    response = error.response
    data = getattr(response, "data", None)
    if not isinstance(data, dict):
        return f"status {getattr(response, 'status_code', 'unknown')}", ""
    return str(data.get("error")), str(data.get("needed") or "")
