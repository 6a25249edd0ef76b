"""What the messages of the queue on AWS say."""

import json
from dataclasses import asdict, dataclass

from webhooks.inbox import Event


class Unreadable(Exception):
    """A message that is not one of ours; the text says no more of it than what is wrong."""


@dataclass(frozen=True)
class Gather:
    """A reminder, received when an album's photo has been there for the quiet period: if it is the last, answer."""

    album: str
    chat: str
    part: str

    @property
    def id(self) -> str:
        """What the logs know it by: the id of the photo's event."""
        return self.part


@dataclass(frozen=True)
class Wake:
    """The first photo of an album is there: until the album is complete, the endpoint can load its model."""

    chat: str
    id: str


QueueMessage = Event | Gather | Wake
_KINDS = {kind.__name__: kind for kind in (Event, Gather, Wake)}


def write(message: QueueMessage) -> str:
    """Write the body of a message: ASCII, since SQS refuses some characters."""
    return json.dumps({type(message).__name__: asdict(message)})


def read(body: str) -> QueueMessage:
    """Read the body of a message. Raises Unreadable."""
    try:
        [(kind, fields)] = json.loads(body).items()
        message: QueueMessage = _KINDS[kind](**fields)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    return message
