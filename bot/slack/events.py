"""Slack's events, parsed once into what the bot does something about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.file_objects import File, files_of
from bot.slack.relevance import bot_user, deleted, mentions, relevant
from bot.slack.thread import Place

JOINS = ("channel_join", "group_join")


@dataclass(frozen=True)
class Installation:
    """For whom an event was delivered: where the bot is installed, which with Slack Connect is not the sender's place.

    `team` is the workspace's id (the organisation's, if the bot is installed there and no workspace is named);
    `enterprise` is "" outside organisations.
    """

    team: str
    enterprise: str


@dataclass(frozen=True)
class Message:
    """Something that a person said: with files, or to the bot.

    `thread_ts` is None outside threads. `private`: in a direct message with the bot, or in a group of people who
    invited it to theirs. `mentioned`: it names the bot. `outsider`: the person is of another organisation. `me` is the
    bot's own user id.
    """

    event_id: str
    installation: Installation
    channel: str
    user: str
    ts: str
    thread_ts: str | None
    private: bool
    mentioned: bool
    outsider: bool
    me: str
    files: tuple[File, ...]

    @property
    def place(self) -> Place:
        """Where it is, and where an answer belongs."""
        return Place(self.channel, self.thread_ts or self.ts, self.ts, self.me)

    @property
    def request_id(self) -> str:
        """What the logs of all parts know this event by."""
        return f"slack-{self.event_id}"


@dataclass(frozen=True)
class Deletion:
    """Somebody deleted a message which the bot may have answered."""

    event_id: str
    place: Place

    @property
    def request_id(self) -> str:
        """What the logs of all parts know this event by."""
        return f"slack-{self.event_id}"


@dataclass(frozen=True)
class Arrival:
    """Somebody opened a direct message with the bot, or took it into a channel: photos may follow."""


def parse(body: Mapping[str, Any]) -> Message | Deletion | Arrival | None:
    """Read an event callback; None is an event that asks for nothing (edits, bots, the bot itself, …).

    Never raises, whatever JSON object comes.
    """
    if not relevant(body):
        return None
    event: Mapping[str, Any] = body["event"]
    user, me = _text(event, "user"), bot_user(body)
    kind, subtype = event["type"], event.get("subtype")
    if kind == "app_home_opened" or (kind == "message" and subtype in JOINS):
        return Arrival()
    if kind == "message" and (gone := deleted(event)) is not None:
        ts = _text(event, "deleted_ts") or _text(gone, "ts")
        root = _text(gone, "thread_ts") or ts
        return Deletion(_text(body, "event_id"), Place(_text(event, "channel"), root, ts, me))
    if not user or user in (me, "USLACKBOT") or event.get("hidden") or not _text(event, "ts"):
        return None
    installation = installation_of(body)
    return Message(
        event_id=_text(body, "event_id"),
        installation=installation,
        channel=_text(event, "channel"),
        user=user,
        ts=_text(event, "ts"),
        thread_ts=_text(event, "thread_ts") or None,
        private=event.get("channel_type") in ("im", "mpim"),
        mentioned=kind == "app_mention" or mentions(event, me),
        outsider=_is_outsider(body, event, installation),
        me=me,
        files=files_of(event),
    )


def installation_of(body: Mapping[str, Any]) -> Installation:
    """Tell where the bot is installed: `team_id` alone may be the partner's (slackapi/java-slack-sdk#629)."""
    authorizations = body.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else {}
    own: Mapping[str, Any] = first if isinstance(first, Mapping) else {}
    enterprise = _text(own, "enterprise_id") or _text(body, "context_enterprise_id")
    team = _text(own, "team_id") or _text(body, "context_team_id")
    return Installation(team or enterprise or _text(body, "team_id"), enterprise)


def _is_outsider(body: Mapping[str, Any], event: Mapping[str, Any], installation: Installation) -> bool:
    """Whether somebody writes by Slack Connect, from a workspace (or organisation) where the bot is not installed."""
    home = _text(event, "user_team") or _text(event, "source_team") or _text(event, "team")
    ours = (installation.team, installation.enterprise, _text(body, "context_team_id"))
    if home in ("", *ours):
        return False
    # Workspaces of one organisation share channels too, and are no strangers to each other.
    return not installation.enterprise or body.get("is_ext_shared_channel") is True


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
