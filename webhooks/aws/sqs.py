"""The inbox on AWS: a queue of SQS, and a table of DynamoDB in which albums are gathered."""

import asyncio
import math
import re
from urllib.parse import urlsplit

from common import aws
from webhooks.aws.albums import Albums
from webhooks.aws.queue_messages import Gather, QueueMessage, Wake, write
from webhooks.inbox import Event, InboxError

# https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
HOST = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com")


class Queue:
    """A standard queue. Messages of one chat are a group, so that a busy chat does not keep the others waiting."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        found = HOST.fullmatch(parts.hostname or "")
        self._url = url
        self._endpoint = f"{parts.scheme}://{parts.netloc}"
        self._region = found[1] if found else ""

    def send(self, message: QueueMessage, delay: float = 0) -> None:
        """Send a message that is to be received in `delay` seconds (at most 900), rounded up. Raises InboxError."""
        self._call(
            "SendMessage",
            MessageBody=write(message),
            MessageGroupId=message.chat,
            DelaySeconds=math.ceil(delay),
        )

    def postpone(self, receipt: str, seconds: float) -> None:
        """Have a message that was received handed in again in so many seconds. Raises InboxError."""
        self._call("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=math.ceil(seconds))

    def _call(self, action: str, **payload: str | int) -> None:
        try:
            aws.call("sqs", action, {"QueueUrl": self._url, **payload}, where=self._endpoint, at=self._region)
        except aws.AwsError as error:
            raise InboxError(f"the queue failed: {error}") from error


class QueueInbox:
    """See `webhooks.inbox.Inbox`. A delivery that comes twice is kept twice: the worker answers it once."""

    def __init__(self, queue: Queue, albums: Albums, quiet: float) -> None:
        """`quiet` seconds complete an album."""
        self._queue, self._albums, self._quiet = queue, albums, quiet

    async def put(self, event: Event) -> None:
        """Keep an event. Raises InboxError."""
        await asyncio.to_thread(self._put, event)

    def _put(self, event: Event) -> None:
        if event.album is None:
            self._queue.send(event)
            return
        first = self._albums.keep(event)
        self._queue.send(Gather(event.album, event.chat, event.id), self._quiet)
        if first:
            self._queue.send(Wake(event.chat, event.id))
