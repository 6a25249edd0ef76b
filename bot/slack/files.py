"""Fetching a photo from Slack's file host: the smallest rendition that will do, and from nowhere else."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot import messages
from bot.attempt import patience
from bot.download import collect
from bot.errors import Declined, FileGone, TryAgain
from bot.pipeline import Photo
from bot.slack.calls import Failed, calling, retry_after
from bot.slack.file_objects import File, Missing, Rendition, file_of, missing_for
from common.contract import Code, megabytes
from common.proxies import proxy_for
from common.settings import SettingsError

log = logging.getLogger(__name__)

COVERED: Final = 224  # pixels: what the captioner's encoder sees of each side
# An original of this size is had sooner than a rendition that Slack has yet to make.
LIGHT: Final = 1_000_000  # bytes
PAUSES: Final = (0.5, 1.0)  # seconds before files.info is asked (again) for renditions
CHUNK: Final = 64 * 1024
SENTENCES: Final[Mapping[Missing, str]] = {
    "gone": messages.SLACK_FILE_GONE,
    "denied": messages.SLACK_FILE_DENIED,
    "hidden": messages.SLACK_FILE_HIDDEN,
}
SLACK: Final = "slack.com"
# Seconds for a connection and between two bytes, and for a whole download: in the first attempt, and at most.
CONNECT, BETWEEN_BYTES, WHOLE = (2.0, 10.0), (2.0, 30.0), (10.0, 120.0)


class Files:
    """Reads files with the bot's token, which it shows to Slack's hosts only.

    A file lies under `host` (SLACK_FILES_URL). That one may send the bot on to another host under slack.com, as it does
    in Enterprise Grid, or to one of `origins` (SLACK_FILES_ORIGINS); from there it goes no further.
    """

    def __init__(self, host: str, origins: frozenset[str], token: str, limit: int) -> None:
        self._host = URL(host)
        self._origins = frozenset(_origin(origin) for origin in origins)
        self._token = token
        self._limit = limit

    async def known(self, file: File, client: AsyncWebClient) -> File:
        """Ask files.info about a file of which the message tells too little; one that can't be had says so.

        Raises TryAgain, GiveUp.
        """
        if not file.is_unknown:
            return file
        try:
            return await _info(file, client)
        except Failed as refused:
            return replace(file, missing=missing_for(refused.code))

    def photo(self, file: File, client: AsyncWebClient) -> Photo:
        """Prepare a file for the pipeline. Its size is not told: which version will be fetched shows only then."""
        return Photo(
            name=file.id, size=None, media_type=None, fetch=lambda: self._fetch(file, client), still_of=file.still_of
        )

    async def _fetch(self, file: File, client: AsyncWebClient) -> bytes:
        file = await self._rendered(file, client)
        if file.missing is not None:
            sentence = SENTENCES[file.missing]
            raise FileGone(sentence) if file.missing == "gone" else Declined(sentence)
        rendition = self._choose(file)
        if rendition is not None and (data := await self._download(rendition.url, client)) is not None:
            log.info("took a rendition", extra={"photo": file.id, "rendition": rendition.name})
            return data
        if file.media_type.startswith("video/"):
            raise Declined(messages.NO_COVER, Code.UNSUPPORTED_FORMAT)
        if file.size is not None and file.size > self._limit:
            raise Declined(messages.too_large(file.size, self._limit), Code.IMAGE_TOO_LARGE)
        if file.url is None or (data := await self._download(file.url, client)) is None:
            raise FileGone(messages.SLACK_FILE_GONE)
        log.info("took the original", extra={"photo": file.id, "size": megabytes(len(data))})
        return data

    async def _rendered(self, file: File, client: AsyncWebClient) -> File:
        """Wait a moment for Slack to make renditions, where that pays; if none come, the original will do."""
        light = file.size is not None and file.size <= LIGHT and not file.media_type.startswith("video/")
        if file.renditions or file.missing or light:
            return file
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                file = await _info(file, client)
            except (Failed, TryAgain):
                continue
            if file.renditions:
                break
        return file

    def _choose(self, file: File) -> Rendition | None:
        """Choose a rendition; None where the original is the better one."""
        rendition = smallest_covering(file.renditions)
        if rendition is None and file.media_type.startswith("video/"):
            return max(file.renditions, key=lambda r: min(r.width, r.height), default=None)
        if rendition is None and file.size is not None and file.size > self._limit:
            # Too heavy to be had whole: a strip that no rendition covers is better seen small than not at all.
            return max(file.renditions, key=lambda r: min(r.width, r.height), default=None)
        return rendition

    async def _download(self, address: str, client: AsyncWebClient) -> bytes | None:
        """Download at most the limit; None where there is nothing at this address (any more, or yet).

        Raises Declined, and TryAgain for what may pass.
        """
        found = await self._get(self._own(address), client)
        if isinstance(found, URL):
            found = await self._get(found, client)
        if isinstance(found, URL):
            raise _closed("sent the bot on and on")
        return found

    async def _get(self, url: URL, client: AsyncWebClient) -> bytes | URL | None:
        """Ask one host: the bytes, where else they are, or None."""
        session = client.session
        assert session is not None  # noqa: S101 (dispatch opens it)
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with session.get(
                url, headers=headers, allow_redirects=False, timeout=_timeout(), proxy=proxy_for(str(url))
            ) as answer:
                status = answer.status
                if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                    return None
                if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise TryAgain(f"Slack's file host answered {status}", after=retry_after(answer.headers))
                if status // 100 == 3 and "Location" in answer.headers:
                    return self._sent_on(url, answer.headers["Location"])
                if status != HTTPStatus.OK or answer.content_type == "text/html":
                    raise _closed(f"answered with its login page (status {status})")
                return await collect(answer.content.iter_chunked(CHUNK), self._limit)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TryAgain(f"a download from Slack broke: {type(error).__name__}") from None

    def _sent_on(self, url: URL, location: str) -> URL:
        """Look where a redirect leads. Raises Declined unless the token may be shown there too."""
        try:
            target = url.join(URL(location))
            own = target.origin() == url.origin()
            trusted = own or target.origin() in self._origins or _is_slacks(target)
        except ValueError:
            trusted = False
        if not trusted or target.user is not None or target.password is not None:
            log.error("Slack's file host sent the bot to a host that is not Slack's, nor in SLACK_FILES_ORIGINS")
            raise Declined(messages.SLACK_FILE_ELSEWHERE)
        if own:
            raise _closed("asks for a login")
        return target

    def _own(self, address: str) -> URL:
        """Parse a file's address, once and for all: what is compared here is the very object that is requested.

        Raises Declined unless it lies under the file host.
        """
        try:
            url = URL(address)
            same = url.origin() == self._host.origin() and url.path.startswith(self._host.path)
        except ValueError:
            same = False
        if not same or url.user is not None or url.password is not None:
            log.warning("a file outside SLACK_FILES_URL was not fetched")
            raise Declined(messages.SLACK_FILE_ELSEWHERE)
        return url


def _is_slacks(url: URL) -> bool:
    return url.scheme == "https" and url.is_default_port() and f".{url.host}".endswith(f".{SLACK}")


def _origin(text: str) -> URL:
    try:
        return URL(text).origin()
    except ValueError:
        raise SettingsError("SLACK_FILES_ORIGINS should be addresses such as https://files.example.org.") from None


def _closed(what: str) -> Declined:
    log.error(
        "Slack's file host %s: add the scope files:read to the app and reinstall it, or correct SLACK_BOT_TOKEN", what
    )
    return Declined(messages.SLACK_FILES_CLOSED)


def _timeout() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=patience(*WHOLE), sock_connect=patience(*CONNECT), sock_read=patience(*BETWEEN_BYTES)
    )


def smallest_covering(renditions: tuple[Rendition, ...]) -> Rendition | None:
    """Choose the smallest rendition of which both sides cover what the captioner sees."""
    covering = (r for r in renditions if min(r.width, r.height) >= COVERED)
    return min(covering, key=lambda r: r.width * r.height, default=None)


async def _info(file: File, client: AsyncWebClient) -> File:
    with calling("files.info"):
        answer = await client.files_info(file=file.id)
    return file_of(answer["file"])
