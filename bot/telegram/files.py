"""Telegram's files: which rendition to take, and how to get it without being led astray."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import quote

import httpx
from telegram import Bot, ExternalReplyInfo, Message, PhotoSize
from telegram.error import BadRequest, TelegramError

from bot import messages
from bot.download import collect
from bot.errors import Declined, TryAgain
from bot.pipeline import Photo
from bot.telegram.updates import is_image
from common.contract import Code

log = logging.getLogger(__name__)

# Pixels on each side that the model looks at.
MODEL_SIDE: Final = 224
# What getFile gives out at most (https://core.telegram.org/bots/api#getfile); a Bot API server of one's own, all.
TELEGRAM_LIMIT: Final = 20 * 1024 * 1024
CONNECT, BETWEEN_BYTES = 10.0, 20.0  # seconds


def smallest_covering(sizes: Sequence[PhotoSize]) -> PhotoSize:
    """Choose the smallest rendition that loses nothing at the model's input, or the largest there is."""
    covering = [size for size in sizes if min(size.width, size.height) >= MODEL_SIDE]
    if covering:
        return min(covering, key=_area)
    return max(sizes, key=_area)


def _area(size: PhotoSize) -> int:
    return size.width * size.height


class Files:
    """Downloads from the file host of the configured Bot API server, and from nowhere else."""

    def __init__(self, base_url: str, token: str, limit: int) -> None:
        """`base_url` is TELEGRAM_API_URL; downloads end at `limit` bytes."""
        self._base = f"{base_url}/file/bot{token}/"
        self._limit = limit
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            timeout=httpx.Timeout(BETWEEN_BYTES, connect=CONNECT),
            # So that the bytes counted are the bytes received.
            headers={"Accept-Encoding": "identity"},
        )

    def photo(self, message: Message | ExternalReplyInfo, bot: Bot) -> Photo | None:
        """Find the photo or image file of a message, if it has one."""
        if message.photo:
            size = smallest_covering(message.photo)
            return Photo(size.file_id, size.file_size, "image/jpeg", partial(self._fetch, bot, size.file_id, None))
        document = message.document
        if document is None or message.animation or not is_image(document.mime_type, document.file_name):
            return None
        claimed = document.mime_type if (document.mime_type or "").startswith("image/") else None
        fetch = partial(self._fetch, bot, document.file_id, document.file_size)
        return Photo(document.file_id, document.file_size, claimed, fetch)

    async def _fetch(self, bot: Bot, file_id: str, size: int | None) -> bytes:
        """Download a file. Raises Declined when it cannot be had, TryAgain when it may be had later."""
        try:
            path = (await bot.get_file(file_id)).file_path
        except BadRequest as error:
            raise _refused(error, size) from None
        except TelegramError as error:
            raise TryAgain(f"getFile failed: {type(error).__name__}") from None
        url = self._address(path)
        try:
            async with self._http.stream("GET", url) as response:
                if response.status_code == httpx.codes.OK:
                    return await collect(response.aiter_raw(), self._limit)
        except httpx.TransportError as error:
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
