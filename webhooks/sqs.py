"""The inbox on AWS: a queue of SQS."""

import asyncio
import json
import math
import re
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from bot import aws
from webhooks.inbox import Event, InboxError

# https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
HOST = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com")


@dataclass(frozen=True)
class Gather:
    """A reminder, sent when a photo of an album arrived: if it was the last one, the album is complete."""

    album: str
    chat: str
    part: str


Letter = Event | Gather


class Queue:
    """A standard queue. Messages of one chat are a group, so that a busy chat does not keep the others waiting."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        found = HOST.fullmatch(parts.hostname or "")
        self._url = url
        self._endpoint = f"{parts.scheme}://{parts.netloc}"
        self._region = found[1] if found else ""

    async def put(self, event: Event) -> None:
        """Keep an event; see `webhooks.inbox.Inbox`. A delivery that comes twice is kept twice, and answered once."""
        await asyncio.to_thread(self.send, event)

    def send(self, letter: Letter, delay: float = 0) -> None:
        """Send a letter that is to be received in `delay` seconds (at most 900), rounded up. Raises InboxError."""
        self._call(
            "SendMessage",
            MessageBody=write(letter),
            MessageGroupId=letter.chat,
            DelaySeconds=math.ceil(delay),
        )

    def postpone(self, receipt: str, seconds: float) -> None:
        """Have a message that was received handed in again in so many seconds. Raises InboxError."""
        self._call("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=math.ceil(seconds))

    def _call(self, action: str, **payload: str | int) -> None:
        try:
            aws.call("sqs", action, {"QueueUrl": self._url, **payload}, where=self._endpoint, at=self._region)
        except aws.AwsError as error:
            raise InboxError(f"the queue failed: {error}") from None


def write(letter: Letter) -> str:
    """Write the body of a message: ASCII, since SQS refuses some characters."""
    return json.dumps({type(letter).__name__: asdict(letter)})


def read(body: str) -> Letter:
    """Read the body of a message. Raises ValueError for one that is not ours."""
    try:
        [(kind, fields)] = json.loads(body).items()
        if kind == "Gather":
            return Gather(**fields)
        if kind == "Event":
            return Event(**fields)
    except (AttributeError, TypeError, RecursionError) as error:
        raise ValueError(type(error).__name__) from None
    raise ValueError(kind)
