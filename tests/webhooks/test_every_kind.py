"""Events of every kind that Slack and Telegram document, with fields of every shape: acknowledged, and nothing breaks.

The kinds are those of https://docs.slack.dev/reference/events and https://core.telegram.org/bots/api#update.
"""

import json

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.slack import SIGNING_SECRET
from tests.sandbox.slack_events import signed
from tests.webhooks.conftest import TELEGRAM_SECRET, Door

SLACK_KINDS = """
app_home_opened app_mention app_rate_limited app_uninstalled assistant_thread_started channel_archive channel_created
channel_deleted channel_history_changed channel_id_changed channel_left channel_rename channel_shared channel_unarchive
channel_unshared dnd_updated email_domain_changed emoji_changed file_change file_created file_deleted file_public
file_shared file_unshared function_executed grid_migration_started group_archive group_close group_open im_close
im_created im_open invite_requested link_shared member_joined_channel member_left_channel message
message_metadata_posted pin_added pin_removed reaction_added reaction_removed shared_channel_invite_received star_added
subteam_created team_access_granted team_join tokens_revoked user_change user_status_changed workflow_step_execute
"""
SLACK_SUBTYPES = """
assistant_app_thread bot_message channel_join channel_topic ekm_access_denied file_comment file_mention file_share
group_join huddle_thread me_message message_changed message_deleted message_replied reminder_add reply_broadcast
thread_broadcast
"""
SLACK_FIELDS = (
    "user text ts thread_ts bot_id bot_profile message previous_message deleted_ts item tab event_ts upload inviter"
)
TELEGRAM_KINDS = """
message edited_message channel_post edited_channel_post business_connection business_message edited_business_message
deleted_business_messages message_reaction message_reaction_count inline_query chosen_inline_result callback_query
shipping_query pre_checkout_query purchased_paid_media poll poll_answer my_chat_member chat_member chat_join_request
chat_boost removed_chat_boost managed_bot guest_message
"""
TELEGRAM_FIELDS = """
message_id from sender_chat date text caption document video video_note voice audio sticker animation contact location
reply_to_message message_thread_id new_chat_member old_chat_member new_chat_members forward_origin guest_query_id
caption_entities
"""

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


def some_of(fields: dict[str, st.SearchStrategy[object]]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=fields)


FILES = st.lists(some_of({"id": ANYTHING, "mode": ANYTHING, "mimetype": ANYTHING}), max_size=2)
SLACK_EVENTS = some_of(
    dict.fromkeys(SLACK_FIELDS.split(), ANYTHING)
    | {
        "type": one_of(SLACK_KINDS) | ANYTHING,
        "subtype": one_of(SLACK_SUBTYPES) | ANYTHING,
        "channel": one_of("C1 D1") | ANYTHING,
        "channel_type": one_of("im mpim channel group") | ANYTHING,
        "files": FILES | ANYTHING,
        "attachments": st.lists(some_of({"files": FILES | ANYTHING, "attachments": ANYTHING}), max_size=2) | ANYTHING,
    }
)
TELEGRAM_CONTENT = some_of(
    dict.fromkeys(TELEGRAM_FIELDS.split(), ANYTHING)
    | {
        "chat": some_of({"id": st.integers() | ANYTHING, "type": one_of("private group supergroup channel")})
        | ANYTHING,
        "photo": st.lists(ANYTHING, max_size=3) | ANYTHING,
        "entities": st.lists(some_of({"type": one_of("bot_command mention url")}), max_size=2) | ANYTHING,
        "media_group_id": st.text(max_size=10) | ANYTHING,
    }
)
# One front door for all examples: what one leaves behind in the inbox matters to no other.
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(
    event=SLACK_EVENTS | ANYTHING,
    envelope=some_of({"event_id": ANYTHING, "type": ANYTHING, "team_id": ANYTHING, "authorizations": ANYTHING}),
)
def test_a_slack_event_of_every_kind_is_acknowledged(
    door: Door, http_client: httpx.Client, event: object, envelope: dict[str, object]
) -> None:
    body, headers = signed({"type": "event_callback", "event_id": "Ev2", "event": event} | envelope, SIGNING_SECRET)
    assert http_client.post(door.slack, content=body, headers=headers).status_code == 200


@MANY
@given(
    kind=one_of(TELEGRAM_KINDS) | st.text(max_size=9),
    content=TELEGRAM_CONTENT | ANYTHING,
    number=st.integers() | ANYTHING,
)
def test_a_telegram_update_of_every_kind_is_acknowledged(
    door: Door, http_client: httpx.Client, kind: str, content: object, number: object
) -> None:
    body = json.dumps({"update_id": number, kind: content})
    headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
    assert http_client.post(door.telegram, content=body, headers=headers).status_code == 200
