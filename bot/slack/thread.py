"""What a thread of Slack's tells: whether a message still stands, and which replies to it are the bot's own.

Each reply carries the ts of the message that it answers in its metadata, so that no store is needed to tell them apart
(https://docs.slack.dev/messaging/message-metadata). conversations.replies gives a thread in pages, the oldest message
first, with its root whatever the bounds are (https://docs.slack.dev/reference/methods/conversations.replies).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.calls import Failed, calling

REPLY: Final = "captionbot_reply"  # the event type of our metadata
PAGE: Final = 200  # messages; Slack recommends no more
# Seconds between looks at a thread for a message that is not there: events are sometimes faster than the history.
LAG: Final = (0.5, 1.0, 2.0)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a message is: its channel, its thread's root, its own ts, and the bot's user id there ("" if unknown)."""

    channel: str
    root: str
    ts: str
    me: str


@dataclass(frozen=True)
class Standing:
    """A message as its thread shows it: whether it stands there, and the bot's replies to it, by their ts.

    `apologies` are said when the inbox gives up, and are no answer: somebody may have it tried again. `unmarked` are
    replies of the bot's (ts, text) that were shown without metadata; which message they answer is not certain.
    """

    there: bool
    answers: tuple[str, ...]
    apologies: tuple[str, ...]
    unmarked: tuple[tuple[str, str], ...]

    def has(self, text: str, *, apology: bool = False) -> bool:
        """Whether the message has a reply of that sort already; `text` is what it would be (escaped as it is sent)."""
        found = self.answers or (apology and self.apologies)
        return bool(found) or any(said == text for _, said in self.unmarked)


def metadata(ts: str, *, apology: bool = False) -> dict[str, Any]:
    """Say in a reply which message it answers; `look` reads it again."""
    return {"event_type": REPLY, "event_payload": {"ts": ts, "apology": apology}}


def is_tombstone(message: Json) -> bool:
    """Whether this is what a deleted message with replies leaves behind."""
    return message.get("subtype") == "tombstone"


async def read(
    client: AsyncWebClient, channel: str, root: str, *, oldest: str | None = None, latest: str | None = None
) -> AsyncIterator[Json]:
    """Read a thread from `oldest` to `latest`, both included, the oldest first. Raises calling()'s errors."""
    bounds = {name: ts for name, ts in (("oldest", oldest), ("latest", latest)) if ts is not None}
    cursor, first = "", True
    while first or cursor:
        with calling("conversations.replies"):
            page = await client.conversations_replies(
                channel=channel,
                ts=root,
                cursor=cursor or None,
                include_all_metadata=True,
                inclusive=True,
                limit=PAGE,
                **bounds,
            )
        for message in page.get("messages") or []:
            if isinstance(message, Mapping) and (first or message.get("ts") != root):
                yield message
        cursor, first = str((page.get("response_metadata") or {}).get("next_cursor") or ""), False


async def look(client: AsyncWebClient, place: Place) -> Standing:
    """Look at a message and at what came after it. Raises calling()'s errors, but for a thread that is gone."""
    there = False
    answers: list[str] = []
    apologies: list[str] = []
    unmarked: list[tuple[str, str]] = []
    try:
        async for message in read(client, place.channel, place.root, oldest=place.ts):
            ts = str(message.get("ts"))
            if ts == place.ts:
                there = not is_tombstone(message)
            elif ts > place.ts and _ours(message, place.me):
                payload = _payload(message)
                if payload is None:
                    unmarked.append((ts, str(message.get("text"))))
                elif payload.get("ts") == place.ts:
                    (apologies if payload.get("apology") is True else answers).append(ts)
    except Failed as gone:
        if gone.code not in ("thread_not_found", "message_not_found"):
            raise
    return Standing(there, tuple(answers), tuple(apologies), tuple(unmarked))


async def look_patiently(client: AsyncWebClient, place: Place) -> Standing:
    """Look, and again for a while if the message is not there: it may not be in the history yet."""
    standing = await look(client, place)
    for pause in LAG:
        if standing.there:
            break
        await asyncio.sleep(pause)
        standing = await look(client, place)
    return standing


def _ours(message: Json, me: str) -> bool:
    return bool(message.get("bot_id")) and (not me or message.get("user") == me)


def _payload(message: Json) -> Json | None:
    """Read what a reply of ours says of itself; None where it does not."""
    data = message.get("metadata")
    if not isinstance(data, Mapping) or data.get("event_type") != REPLY:
        return None
    payload = data.get("event_payload")
    return payload if isinstance(payload, Mapping) else None
