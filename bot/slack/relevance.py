"""Which of Slack's events the bot answers, told from the raw event: the front door asks this before anything else.

Only the standard library is imported here, and nothing raises whatever the event looks like.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.slack.file_objects import files_of, has_files

# Slack's ids are letters and digits; anything else is not from Slack and would only upset a database.
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# What people say: plainly, with files, or in a thread and to its channel at once. Each may carry files.
SAYING = (None, "file_share", "thread_broadcast")


def relevant(body: Mapping[str, Any]) -> bool:
    """Tell whether an event of the Events API asks for something.

    That is a photo, a mention, a direct message, the deletion of something that may have been answered, or a chance to
    warm up.
    """
    event = body.get("event")
    if body.get("type") != "event_callback" or not isinstance(event, Mapping) or not _is_id(body.get("event_id")):
        return False
    kind = event.get("type")
    if kind == "app_home_opened":
        return _is_id(event.get("channel"))
    if kind not in ("message", "app_mention") or not _is_id(event.get("channel")) or _by_a_bot(event):
        return False
    if kind != "message":
        return True
    subtype = event.get("subtype")
    if subtype in ("channel_join", "group_join"):
        return event.get("user") == bot_user(body) != ""
    direct = event.get("channel_type") == "im"
    if subtype in SAYING:
        return direct or has_files(event)
    gone = deleted(event)
    return gone is not None and (direct or not gone or has_files(gone) or mentions(gone, bot_user(body)))


def deleted(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the message that somebody deleted, as it was; {} when Slack does not show it, None for other events.

    A message with replies is changed into a tombstone; one whose files are all deleted stays, and is as good as gone.
    """
    before, after = (_object(event, name) for name in ("previous_message", "message"))
    if _by_a_bot(before) or before.get("subtype") == "tombstone":
        return None
    if event.get("subtype") == "message_deleted":
        return before if _is_id(event.get("deleted_ts")) else None
    if event.get("subtype") != "message_changed" or not _is_id(before.get("ts")):
        return None
    return before if after.get("subtype") == "tombstone" or (_all_gone(after) and not _all_gone(before)) else None


def chat_of(body: Mapping[str, Any]) -> str:
    """Name the conversation of a relevant event: its photos are answered in order."""
    return f"slack-{body['event']['channel']}"


def bot_user(body: Mapping[str, Any]) -> str:
    """Tell the bot's own user id, "" when the event does not say: each event names those for whom it is delivered."""
    authorizations = body.get("authorizations")
    for authorization in authorizations if isinstance(authorizations, list) else []:
        if isinstance(authorization, Mapping) and authorization.get("is_bot") and _is_id(authorization.get("user_id")):
            return str(authorization["user_id"])
    return ""


def mentions(message: Mapping[str, Any], user: str) -> bool:
    """Whether a message names this user."""
    text = message.get("text")
    return user != "" and isinstance(text, str) and (f"<@{user}>" in text or f"<@{user}|" in text)


def _by_a_bot(message: Mapping[str, Any]) -> bool:
    return bool(message.get("bot_id") or message.get("bot_profile"))


def _all_gone(message: Mapping[str, Any]) -> bool:
    """Whether a message has files, and all of them are deleted."""
    files = files_of(message)
    return bool(files) and all(file.missing == "gone" for file in files)


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    child = parent.get(name)
    return child if isinstance(child, Mapping) else {}


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
