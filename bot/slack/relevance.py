"""Which of Slack's events the bot answers, told from the raw event: the front door asks this before anything else.

Only the standard library is imported here, and nothing raises whatever the event looks like.
"""

import re
from typing import Any

# Slack's ids are letters and digits; anything else is not from Slack and would only upset a database.
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def relevant(body: dict[str, Any]) -> bool:
    """Tell whether an event of the Events API is a photo, a mention, a direct message, or a chance to warm up."""
    event = body.get("event")
    if body.get("type") != "event_callback" or not isinstance(event, dict) or not _is_id(body.get("event_id")):
        return False
    kind = event.get("type")
    if kind == "app_home_opened":
        return _is_id(event.get("channel"))
    if kind not in ("message", "app_mention") or not _is_id(event.get("channel")):
        return False
    if event.get("bot_id") or event.get("bot_profile"):
        return False
    if kind != "message":
        return True
    subtype = event.get("subtype")
    if subtype in ("channel_join", "group_join"):
        return event.get("user") == bot_user(body) != ""
    return subtype == "file_share" or (subtype is None and event.get("channel_type") == "im")


def chat_of(body: dict[str, Any]) -> str:
    """Name the conversation of a relevant event: its photos are answered in order."""
    return f"slack-{body['event']['channel']}"


def bot_user(body: dict[str, Any]) -> str:
    """Tell the bot's own user id, "" when the event does not say: each event names those for whom it is delivered."""
    authorizations = body.get("authorizations")
    for authorization in authorizations if isinstance(authorizations, list) else []:
        if isinstance(authorization, dict) and authorization.get("is_bot") and _is_id(authorization.get("user_id")):
            return str(authorization["user_id"])
    return ""


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
