"""A photo's way, whatever platform it came from: rules, download, screening, shrinking, caption."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from bot import messages
from bot.client import CaptionClient, EndpointRefused
from bot.errors import Declined, FileGone, TryAgain
from bot.outcomes import Captioned, Gone, Outcome, Refused
from bot.settings import BotSettings
from bot.shrink import prepare
from bot.warmer import Warmer
from common.contract import Code

log = logging.getLogger(__name__)

# The second says nothing, and screening looks at the bytes anyway.
PERHAPS_A_PHOTO = ("image/", "application/octet-stream")
HELD = 4  # photos of one message that are held in memory at once


@dataclass(frozen=True)
class Photo:
    """What a platform knows of a photo before a byte of it is fetched.

    `name` is the platform's file id, for the log. `size` (bytes) and `media_type` describe what `fetch` will download,
    where the platform says so: a rendition's size is often unknown. `fetch` raises Declined when the file cannot be
    had, and TryAgain when it can be had later. `still_of` names what it is only a picture of ("a video").
    """

    name: str
    size: int | None
    media_type: str | None
    fetch: Callable[[], Awaitable[bytes]]
    still_of: str | None = None


class Pipeline:
    """Takes photos to the endpoint and brings back what to say; holds no photo after that."""

    def __init__(self, settings: BotSettings, client: CaptionClient, warmer: Warmer) -> None:
        self._limit = settings.max_image_bytes
        self._client = client
        self._warmer = warmer
        # At most so many photos are decoded and described at once, whatever waits in the inbox. A photo that is being
        # fetched takes no room: a file host that hangs is a trouble of those whose photos it has.
        self._room = asyncio.Semaphore(settings.worker_concurrency)
        # Threads of their own: those of asyncio are waited for by the inbox, and a photo may wait for its turn.
        self._threads = ThreadPoolExecutor(settings.worker_concurrency, thread_name_prefix="prepare")

    async def captions(self, photos: Sequence[Photo], request_id: str) -> list[Outcome]:
        """One outcome for each photo, in their order; `request_id` is the id of the event they came with.

        Raises TryAgain when one of them has no final answer yet.
        """
        held = asyncio.Semaphore(HELD)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._outcome(photo, request_id, held)) for photo in photos]
        except* TryAgain as failed:
            raise _first(failed) from None
        return [task.result() for task in tasks]

    async def _outcome(self, photo: Photo, request_id: str, held: asyncio.Semaphore) -> Outcome:
        try:
            self._check(photo)
            async with held:
                text = await self._caption(photo, request_id)
            return Captioned(messages.still(photo.still_of, text) if photo.still_of else text)
        except Declined as declined:
            log.info("refused", extra={"request_id": request_id, "photo": photo.name, "reason": declined.reason})
            return (Gone if isinstance(declined, FileGone) else Refused)(declined.sentence)

    def _check(self, photo: Photo) -> None:
        """Apply the early rules: what the platform's own words rule out is never fetched."""
        if photo.media_type and not photo.media_type.startswith(PERHAPS_A_PHOTO):
            raise Declined(messages.not_a_photo(photo.media_type), Code.UNSUPPORTED_FORMAT)
        if photo.size is not None and photo.size > self._limit:
            raise Declined(messages.too_large(photo.size, self._limit), Code.IMAGE_TOO_LARGE)

    async def _caption(self, photo: Photo, request_id: str) -> str:
        self._warmer.warm()
        with _stage("fetched", photo, request_id):
            fetched = await photo.fetch()
        async with self._room:
            with _stage("screened", photo, request_id):
                loop = asyncio.get_running_loop()
                image = await loop.run_in_executor(self._threads, prepare, fetched, self._limit)
            del fetched
            try:
                with _stage("captioned", photo, request_id):
                    return await self._client.caption(image, request_id)
            except EndpointRefused as refused:
                raise Declined(messages.for_code(refused.code), refused.code) from None


@contextmanager
def _stage(name: str, photo: Photo, request_id: str) -> Iterator[None]:
    """Log how long a stage took, if it came to its end."""
    start = time.monotonic()
    yield
    seconds = round(time.monotonic() - start, 3)
    # An event's id begins with its platform.
    platform = request_id.partition("-")[0]
    log.info(name, extra={"request_id": request_id, "photo": photo.name, "platform": platform, "seconds": seconds})


def _first(group: BaseExceptionGroup[TryAgain]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
