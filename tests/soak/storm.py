"""A storm of photos from both platforms, and what became of each: answered, doubled or lost, and how late."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bot.conftest import make_photo
from tests.sandbox.telegram_world import Chat
from tests.webhooks.local.machine import Machine

LAST = 120.0  # seconds after the end of a storm in which a photo must be answered, lest it count as lost
Key = tuple[str, str]


@dataclass
class Tally:
    """What became of the photos of a storm; `longest` in seconds."""

    sent: int = 0
    lost: int = 0
    doubled: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.waits, default=0.0)


class Storm:
    """Sends photos and watches for their replies, from a thread of its own."""

    def __init__(self, here: Machine, chats: int = 20) -> None:
        self._here = here
        self._channels = [f"C{number:08}" for number in range(chats)]
        self._chats: list[Chat] = [here.telegram.private(f"person {number}") for number in range(chats)]
        self._image = make_photo(320, 240)
        self._sent: dict[Key, float] = {}
        self._seen: dict[Key, float] = {}
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def watched(self) -> Iterator["Storm"]:
        self._watcher.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._watcher.join()

    def forget(self) -> None:
        """Count from here on: until now the workers were starting."""
        self._sent.clear()

    def slack(self, number: int) -> None:
        """A photo in one of the channels."""
        begun = time.monotonic()
        sent = self._here.slack.upload(self._channels[number % len(self._channels)], [self._image])
        self._sent["slack", sent.ts] = begun

    def telegram(self, number: int) -> None:
        """A photo in one of the private chats."""
        chat, begun = self._chats[number % len(self._chats)], time.monotonic()
        message = self._here.telegram.send_photo(chat, self._image)
        self._sent["telegram", f"{chat.id} {message['message_id']}"] = begun

    def blow(self, seconds: float, a_second: float = 6) -> None:
        """Send so many photos a second, from both platforms in turns."""
        begun = time.monotonic()
        for number in range(int(seconds * a_second)):
            (self.slack if number % 2 else self.telegram)(number // 2)
            time.sleep(max(0.0, begun + number / a_second - time.monotonic()))

    def tally(self, platforms: tuple[str, ...] = ("slack", "telegram")) -> Tally:
        """Wait for the last reply, then count."""
        end = time.monotonic() + LAST
        while len(self._seen) < len(self._sent) and time.monotonic() < end:
            time.sleep(0.1)
        # A second reply would come from whoever took a photo up once more.
        time.sleep(6)
        replies = self._replies()
        sent = [key for key in self._sent if key[0] in platforms]
        return Tally(
            sent=len(sent),
            lost=sum(replies[key] == 0 for key in sent),
            doubled=sum(max(0, replies[key] - 1) for key in sent),
            waits=[self._seen[key] - self._sent[key] for key in sent if key in self._seen],
        )

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            now = time.monotonic()
            for key in self._replies():
                self._seen.setdefault(key, now)

    def _replies(self) -> Counter[Key]:
        replies: Counter[Key] = Counter()
        replies.update(("slack", str(post.thread_ts)) for post in self._here.slack.posted)
        replies.update(("telegram", f"{said.chat} {said.reply_to}") for said in list(self._here.telegram.world.sent))
        return replies
