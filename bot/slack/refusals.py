"""What Slack's error codes mean for an event: whether trying again is any use, and whose they are to put right.

Codes of the methods that the bot calls (https://docs.slack.dev/reference/methods/chat.postMessage and so on). One that
is not in the table may pass: it is tried again.
"""

from enum import Enum
from typing import Final


class Meaning(Enum):
    """Why a call will be refused again."""

    NOWHERE = "there is no place left for an answer, or none where the bot may speak"
    TOKEN = "the token is not one, any more"  # noqa: S105 (a word of explanation)
    FORBIDDEN = "an administrator does not let the bot do that"
    OURS = "the bot asked for what Slack never takes"


# Not here, for it can be put right while an event waits: missing_scope. Reinstalling the app leaves the token as it is.
TABLE: Final = {
    **dict.fromkeys(
        (
            # The message, its file, the channel or the bot's place in it went since the event.
            *("cannot_reply_to_message", "cant_delete_message", "channel_not_found", "file_deleted", "file_not_found"),
            *("is_archived", "message_not_found", "messages_tab_disabled", "not_in_channel", "thread_not_found"),
            # Those who run the channel do not let the bot, or anybody, speak there.
            *("access_denied", "restricted_action", "restricted_action_non_threadable_channel"),
            *("restricted_action_read_only_channel", "restricted_action_thread_locked"),
            *("restricted_action_thread_only_channel", "thread_locked", "slack_connect_file_link_sharing_blocked"),
        ),
        Meaning.NOWHERE,
    ),
    **dict.fromkeys(
        (
            *("account_inactive", "invalid_auth", "not_allowed_token_type", "not_authed", "token_expired"),
            *("token_revoked", "two_factor_setup_required"),
        ),
        Meaning.TOKEN,
    ),
    **dict.fromkeys(
        (
            *("accesslimited", "app_access_restricted", "ekm_access_denied", "enterprise_is_restricted"),
            *("no_permission", "org_login_required", "team_access_not_granted", "team_not_found"),
        ),
        Meaning.FORBIDDEN,
    ),
    **dict.fromkeys(
        (
            *("bad_timestamp", "deprecated_endpoint", "invalid_arg_name", "invalid_arguments", "invalid_array_arg"),
            *("invalid_charset", "invalid_form_data", "invalid_limit", "invalid_metadata_format"),
            *("invalid_metadata_schema", "invalid_post_type", "invalid_thread_ts", "invalid_ts_latest"),
            *("invalid_ts_oldest", "metadata_too_large", "method_deprecated", "msg_too_long", "no_text"),
            "unknown_method",
        ),
        Meaning.OURS,
    ),
}


def remedy(meaning: Meaning, method: str) -> str:
    """Say to the operator what to do about a refusal."""
    token = "SLACK_APP_TOKEN" if method == "apps.connections.open" else "SLACK_BOT_TOKEN"
    match meaning:
        case Meaning.TOKEN:
            return f"copy {token} again from https://api.slack.com/apps, and start the bot anew"
        case Meaning.FORBIDDEN:
            return f"an administrator of the workspace must allow the app to which {token} belongs"
        case _:
            return "please report this: no setting of yours is the cause"
