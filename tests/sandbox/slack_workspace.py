"""What the fake Slack knows: one workspace with its conversations, messages and files, and what the bot did in it."""

import copy
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.sandbox.slack_photos import Rendition

Kind = Literal["channel", "group", "im", "mpim"]
JSON = dict[str, Any]

TEAM = "T0SANDBOX"
APP = "A0SANDBOX"
BOT_USER = "U0BOT"
BOT_ID = "B0BOT"
PERSON = "U0ALICE"

# One row for all workspaces: Slack gives no id twice, and whoever remembers events outlives a workspace.
NUMBERS = itertools.count(1)


@dataclass
class Conversation:
    id: str
    kind: Kind
    bot_is_member: bool = True
    restriction: str | None = None  # the error code with which chat.postMessage is refused here
    messages: dict[str, JSON] = field(default_factory=dict)
    # How many looks at a thread come back without a message that was just written: events overtake the history.
    late: dict[str, int] = field(default_factory=dict)

    def thread(self, ts: str) -> list[JSON]:
        """The root with this ts and its replies, oldest first; empty where there is no such message."""
        if ts not in self.messages:
            return []
        return sorted(
            (m for m in self.messages.values() if m["ts"] == ts or m.get("thread_ts") == ts), key=lambda m: str(m["ts"])
        )

    def visible(self, ts: str) -> list[JSON]:
        """The thread as a call sees it now, without what is not in the history yet."""
        thread = [m for m in self.thread(ts) if self.late.get(m["ts"], 0) <= 0]
        for late in self.late:
            self.late[late] -= 1
        return thread if thread and thread[0]["ts"] == ts else []

    def remove(self, ts: str) -> JSON:
        """Delete a message; returns it. A root with replies leaves a tombstone, which goes with the last of them."""
        old = self.messages.pop(ts)
        if len(replies := [m for m in self.messages.values() if m.get("thread_ts") == ts]) > 0:
            self.messages[ts] = tombstone(ts, replies)
        root = old.get("thread_ts")
        if root in self.messages and self.messages[root].get("subtype") == "tombstone" and len(self.thread(root)) == 1:
            del self.messages[root]
        return old


def tombstone(ts: str, replies: list[JSON]) -> JSON:
    """What stands in the place of a deleted message that had replies."""
    return {
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "ts": ts,
        "thread_ts": ts,
        "parent_user_id": "USLACKBOT",
        "reply_count": len(replies),
        "reply_users": sorted({str(reply.get("user")) for reply in replies}),
        "is_locked": False,
    }


@dataclass
class StoredFile:
    """A file as the file host has it. `info` is the file object of the API, without its renditions."""

    id: str
    data: bytes
    info: JSON
    renditions: list[Rendition]
    renditions_after: int  # files.info shows the renditions from this call on; 0: they are in the event already
    stub: JSON | None  # all that events and threads tell of the file
    infos: int = 0
    deleted: bool = False


@dataclass(frozen=True)
class Posted:
    """One chat.postMessage that was accepted; `thread_ts` is the thread in which it landed, None for the channel."""

    channel: str
    text: str
    thread_ts: str | None
    ts: str
    arguments: JSON
    at: float


@dataclass(frozen=True)
class Call:
    method: str
    arguments: JSON
    answer: JSON
    at: float


@dataclass(frozen=True)
class Reaction:
    verb: Literal["add", "remove"]
    channel: str
    ts: str
    name: str


@dataclass(frozen=True)
class Download:
    """One request to the file host: `what` is "original" or the rendition's name, `outcome` what came of it."""

    path: str
    file: str | None
    what: str | None
    outcome: Literal["sent", "login page", "redirect to login", "redirect to origin", "not found", "fault"]


@dataclass
class Workspace:
    """Everything behind the API. Hold `changed` (a condition) to read and write: tests look in from other threads."""

    conversations: dict[str, Conversation] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    largest_page: int = 1000  # messages that conversations.replies gives at most, whatever its limit is
    lateness: int = 0  # so many looks at a thread come back without the next messages
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))

    def __post_init__(self) -> None:
        for id_, kind in (("C0GENERAL", "channel"), ("G0SECRET", "group"), ("D0ALICE", "im"), ("G0THREE", "mpim")):
            self.conversations[id_] = Conversation(id_, kind)  # type: ignore[arg-type]  # (one of its four kinds)

    def conversation(self, channel: str) -> Conversation:
        """Find or open a conversation; a new one's first letter says its kind: C… channel, D… im, G… group."""
        if channel not in self.conversations:
            kinds: dict[str, Kind] = {"C": "channel", "D": "im", "G": "group"}
            self.conversations[channel] = Conversation(channel, kinds[channel[0]])
        return self.conversations[channel]

    def number(self) -> int:
        return next(NUMBERS)

    def timestamp(self) -> str:
        """A ts that nobody else has: Slack's are seconds with six more digits that make them unique in the channel."""
        return f"{int(time.time())}.{self.number():06d}"

    def keep(self, conversation: Conversation, message: JSON) -> None:
        """Put a person's message in a conversation, and in its history a little later."""
        conversation.messages[message["ts"]] = copy.deepcopy(message)
        if self.lateness:
            conversation.late[message["ts"]] = self.lateness

    def file_object(self, file: StoredFile, *, renditions: bool) -> JSON:
        shown = dict(file.info)
        if renditions:
            for rendition in file.renditions:
                shown |= rendition.fields(shown["url_private"])
        return shown

    def file_in_event(self, file: StoredFile) -> JSON:
        if file.stub is not None:
            return {"id": file.id, **file.stub}
        return self.file_object(file, renditions=file.renditions_after == 0)
