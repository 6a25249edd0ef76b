"""What is kept of an event of Slack's until it is answered: what the bot reads, and nothing of what people write.

Only the standard library is imported here, and nothing raises whatever the event looks like.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.slack.file_objects import DEEPEST

_READ_OF_ENVELOPE: Final = (
    *("type", "event_id", "event_time", "team_id", "enterprise_id", "context_team_id", "context_enterprise_id"),
    *("api_app_id", "is_ext_shared_channel"),
)
_READ_OF_AUTHORIZATION: Final = ("team_id", "enterprise_id", "user_id", "is_bot", "is_enterprise_install")
_READ_OF_MESSAGE: Final = (
    *("type", "subtype", "hidden", "user", "bot_id", "bot_profile", "ts", "event_ts", "thread_ts", "deleted_ts"),
    *("channel", "channel_type", "tab", "team", "user_team", "source_team", "inviter"),
    *("is_share", "is_msg_unfurl", "is_reply_unfurl", "channel_id"),
)
_READ_OF_FILE: Final = (
    *("id", "name", "mimetype", "filetype", "size", "mode", "file_access", "is_external", "external_type"),
    *("url_private", "original_w", "original_h"),
)
_VERSIONS: Final = ("message", "previous_message")
_MENTION: Final = re.compile(r"<@([A-Za-z0-9]{1,64})(?:\|[^>]*)?>")


def essentials(body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of an event callback what is read of it; of its text, who is mentioned."""
    authorizations = [_only(item, _READ_OF_AUTHORIZATION) for item in _list(body, "authorizations")]
    return _only(body, _READ_OF_ENVELOPE) | {
        "authorizations": authorizations,
        "event": _message(_object(body, "event")),
    }


def workspace_of(body: Mapping[str, Any]) -> str:
    """Name the workspace in which the bot is installed that hears of this event; "" when the event does not say."""
    places = [item.get("team_id") for item in _list(body, "authorizations")]
    for place in (*places, body.get("context_team_id"), body.get("team_id")):
        if isinstance(place, str) and place.isascii() and place.isalnum():
            return place[:64]
    return ""


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    kept = _said(message, DEEPEST)
    # A deletion shows what was, and what is left of it.
    return kept | {name: _said(_object(message, name), DEEPEST) for name in _VERSIONS if _object(message, name)}


def _said(message: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Keep a message, or one that is forwarded or shown in another."""
    kept = _only(message, _READ_OF_MESSAGE)
    if isinstance(text := message.get("text"), str):
        kept["text"] = " ".join(f"<@{user}>" for user in _MENTION.findall(text))
    if files := [_file(file) for file in _list(message, "files")]:
        kept["files"] = files
    shown = [_said(attachment, depth - 1) for attachment in _list(message, "attachments")] if depth else []
    if with_files := [one for one in shown if "files" in one or "attachments" in one]:
        kept["attachments"] = with_files
    return kept


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    renditions = (name for name in file if name.startswith("thumb_") or name.endswith("_gif"))
    kept = _only(file, (*_READ_OF_FILE, *renditions))
    if isinstance(name := kept.get("name"), str):
        # Only its ending tells what a file is.
        kept["name"] = "".join(name.rpartition(".")[1:])[-16:]
    return kept


def _only(content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: content[name] for name in names if name in content}


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    child = parent.get(name)
    return child if isinstance(child, Mapping) else {}


def _list(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    children = parent.get(name)
    return [child for child in children if isinstance(child, Mapping)] if isinstance(children, list) else []
