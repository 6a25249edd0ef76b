"""Telegram's files, and how to get one without being led astray."""

import asyncio
import logging
from functools import partial
from typing import Final
from urllib.parse import quote

import httpx
from telegram import Bot, ExternalReplyInfo, Message
from telegram.error import BadRequest, TelegramError

from bot import messages
from bot.attempt import patience
from bot.download import collect
from bot.errors import Declined, TryAgain
from bot.pipeline import Photo
from bot.telegram.pictures import picture_of
from bot.telegram.replies import failed
from common.contract import Code
from common.proxies import direct

log = logging.getLogger(__name__)

# What getFile gives out at most (https://core.telegram.org/bots/api#getfile); a Bot API server of one's own, all.
TELEGRAM_LIMIT: Final = 20 * 1024 * 1024
# Seconds for a connection and between two bytes, and for a whole download: in the first attempt, and at most.
CONNECT, BETWEEN_BYTES, WHOLE = (2.0, 10.0), (2.0, 20.0), (10.0, 120.0)


class Files:
    """Downloads from the file host of the configured Bot API server, and from nowhere else."""

    def __init__(self, base_url: str, token: str, limit: int) -> None:
        """`base_url` is TELEGRAM_API_URL; downloads end at `limit` bytes."""
        self._base = f"{base_url}/file/bot{token}/"
        self._limit = limit
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            mounts=direct(base_url),
            # So that the bytes counted are the bytes received.
            headers={"Accept-Encoding": "identity"},
        )

    def photo(self, message: Message | ExternalReplyInfo, bot: Bot) -> Photo | None:
        """Prepare for the pipeline what there is to look at in a message."""
        picture = picture_of(message, self._limit)
        if picture is None:
            return None
        fetch = partial(self._fetch, bot, picture.file_id, picture.size)
        return Photo(picture.file_id, picture.size, picture.media_type, fetch, picture.still_of)

    async def _fetch(self, bot: Bot, file_id: str, size: int | None) -> bytes:
        """Download a file. Raises Declined when it cannot be had, TryAgain when it may be had later."""
        try:
            path = (await bot.get_file(file_id, read_timeout=patience(*BETWEEN_BYTES))).file_path
        except BadRequest as error:
            raise _refused(error, size) from None
        except TelegramError as error:
            raise failed("getFile", error) from None
        url = self._address(path)
        timeout = httpx.Timeout(patience(*BETWEEN_BYTES), connect=patience(*CONNECT))
        try:
            async with asyncio.timeout(patience(*WHOLE)), self._http.stream("GET", url, timeout=timeout) as response:
                if response.status_code == httpx.codes.OK:
                    return await collect(response.aiter_raw(), self._limit)
        except (httpx.TransportError, TimeoutError) as error:
            raise TryAgain(f"the download failed: {type(error).__name__}") from None
        if response.is_redirect:
            log.error("the file host redirected a download; not followed", extra={"photo": file_id})
            raise Declined(messages.NOT_FETCHED)
        raise TryAgain(f"the file host answered {response.status_code}")

    def _address(self, path: str | None) -> str:
        """Build the URL of a file. The path is Telegram's word, and must stay below the file host's own folder.

        python-telegram-bot has put its base URL before the path, unless the path names a file on this machine, as that
        of a Bot API server with --local does (https://github.com/tdlib/telegram-bot-api; it serves no files over HTTP).
        """
        relative = path.removeprefix(self._base) if path and path.startswith(self._base) else ""
        parts = relative.split("/")
        if any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
            log.error("Telegram named a file outside its file host (a Bot API server must run without --local)")
            raise Declined(messages.NOT_FETCHED)
        return self._base + quote(relative)

    async def aclose(self) -> None:
        """Close the pool."""
        await self._http.aclose()


def _refused(error: BadRequest, size: int | None) -> Exception:
    if "temporarily unavailable" in error.message:
        return TryAgain("getFile failed: temporarily unavailable")
    if "file is too big" in error.message.lower():
        return Declined(messages.too_large(max(size or 0, TELEGRAM_LIMIT + 1), TELEGRAM_LIMIT), Code.IMAGE_TOO_LARGE)
    return Declined(messages.NOT_FETCHED)
