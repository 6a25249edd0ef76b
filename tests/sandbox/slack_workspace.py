"""What the fake Slack knows: one workspace with its conversations, messages and files, and what the bot did in it."""

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


@dataclass
class Conversation:
    id: str
    kind: Kind
    bot_is_member: bool = True
    messages: dict[str, JSON] = field(default_factory=dict)

    def thread(self, ts: str) -> list[JSON]:
        """The root with this ts and its replies, oldest first; empty where there is no such message."""
        if ts not in self.messages:
            return []
        return sorted(
            (m for m in self.messages.values() if m["ts"] == ts or m.get("thread_ts") == ts), key=lambda m: str(m["ts"])
        )


@dataclass
class StoredFile:
    """A file as the file host has it. `info` is the file object of the API, without its renditions."""

    id: str
    data: bytes
    info: JSON
    renditions: list[Rendition]
    renditions_after: int  # files.info shows the renditions from this call on; 0: they are in the event already
    stub: bool  # events carry only the Slack Connect stub
    infos: int = 0
    deleted: bool = False


@dataclass(frozen=True)
class Posted:
    """One chat.postMessage that was accepted."""

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
    outcome: Literal["sent", "login page", "redirect to login", "not found", "fault"]


@dataclass
class Workspace:
    """Everything behind the API. Hold `changed` (a condition) to read and write: tests look in from other threads."""

    conversations: dict[str, Conversation] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    posted: list[Posted] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

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
        return next(self._numbers)

    def timestamp(self) -> str:
        """A ts that nobody else has: Slack's are seconds with six more digits that make them unique in the channel."""
        return f"{int(time.time())}.{self.number():06d}"

    def file_object(self, file: StoredFile, *, renditions: bool) -> JSON:
        shown = dict(file.info)
        if renditions:
            for rendition in file.renditions:
                shown |= rendition.fields(shown["url_private"])
        return shown

    def file_in_event(self, file: StoredFile) -> JSON:
        if file.stub:
            return {
                "id": file.id,
                "created": file.info["created"],
                "timestamp": file.info["timestamp"],
                "mode": "file_access",
                "file_access": "check_file_info",
                "user_team": "T0OTHER",
            }
        return self.file_object(file, renditions=file.renditions_after == 0)
