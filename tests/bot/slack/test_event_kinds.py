"""Whatever Slack sends, documented or mangled, the bot does not stumble."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import GiveUp, TryAgain
from bot.slack.app import apologise, dispatch
from bot.slack.essentials import essentials
from bot.slack.events import Message, parse
from bot.slack.relevance import chat_of, relevant
from tests.bot.slack.scenario import Bot
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_event_kinds import FIELDS, SUBTYPES, TYPES
from tests.sandbox.slack_events import envelope
from tests.sandbox.slack_workspace import Workspace

Event = dict[str, Any]

# What Slack puts into fields, and what it would never put there.
plain = st.sampled_from(
    ["", "U0ALICE", "U0BOT", "C0GENERAL", "D0ALICE", "1700000000.000001", "im", "channel", "<@U0BOT>"]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | plain | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
file_fields = st.sampled_from(
    ["id", "name", "mimetype", "size", "mode", "url_private", "file_access", "thumb_360", "thumb_360_w", "thumb_360_h"]
)
files = st.lists(st.dictionaries(file_fields, junk, max_size=8), max_size=3) | junk
events = st.builds(
    lambda kind, subtype, fields, shared: (
        {**fields, "files": shared, "type": kind} | ({} if subtype is None else {"subtype": subtype})
    ),
    st.sampled_from(TYPES) | junk,
    st.sampled_from(SUBTYPES) | junk,
    st.dictionaries(st.sampled_from(FIELDS), plain | junk, max_size=12),
    files,
)
workspace = Workspace()


def examples() -> Iterator[Event]:
    """One plausible event of each kind."""
    common = {"user": "U0ALICE", "channel": "C0GENERAL", "ts": "1700000000.000001", "event_ts": "1700000000.000001"}
    for kind in TYPES:
        yield {**common, "type": kind}
    for subtype in SUBTYPES:
        for channel, channel_type in (("C0GENERAL", "channel"), ("D0ALICE", "im")):
            yield {**common, "type": "message", "subtype": subtype, "channel": channel, "channel_type": channel_type}


async def test_an_event_of_every_documented_kind_is_taken_in_its_stride(slack: SlackSandbox, bot: Bot) -> None:
    asked: list[str] = []
    for event in examples():
        payload = envelope(workspace, event)
        slack.workspace.conversation(event["channel"]).messages[event["ts"]] = event
        await dispatch(bot.app, payload)
        await apologise(bot.app, payload, "Sorry.")
        asked.extend([str(event["type"])] * len(slack.posted))
        slack.workspace.posted.clear()
        slack.workspace.conversation(event["channel"]).messages.clear()
    # A bare message in private, one that its channel sees too, and a mention are all that calls for words.
    assert asked == ["app_mention", "message", "message", "message"]


@given(
    events,
    st.dictionaries(st.sampled_from(["event_id", "team_id", "authorizations", "type", "event"]), junk, max_size=2),
)
@settings(max_examples=500, deadline=None)
def test_no_json_object_upsets_the_parser(event: Event, mangled: Event) -> None:
    payload = json.loads(json.dumps(envelope(workspace, event) | mangled))
    parsed = parse(payload)
    assert parsed is None or relevant(payload)
    if relevant(payload):
        assert chat_of(payload).startswith("slack-")


@given(events)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_event_ends_in_anything_but_an_answer_or_another_try(
    slack: SlackSandbox, bot: Bot, event: Event
) -> None:
    payload = json.loads(json.dumps(envelope(workspace, event)))
    try:
        await dispatch(bot.app, payload)
    except (TryAgain, GiveUp):
        await apologise(bot.app, payload, "Sorry.")


@settings(deadline=None, max_examples=300)
@given(event=events)
def test_what_is_kept_of_an_event_says_the_same_as_the_event(event: Event) -> None:
    body = envelope(Workspace(), event)
    if relevant(body):
        kept = json.loads(json.dumps(essentials(body)))
        assert relevant(kept)
        assert chat_of(kept) == chat_of(body)
        assert _nameless(parse(kept)) == _nameless(parse(body))


def _nameless(parsed: object) -> object:
    """Of a file's name only the ending is kept, which is what is read of it."""
    if not isinstance(parsed, Message):
        return parsed
    return replace(parsed, files=()), [(replace(file, name=""), file.is_photo) for file in parsed.files]


def test_of_what_people_write_nothing_is_kept_but_whom_they_mention() -> None:
    event = {
        "type": "message",
        "channel": "D0ALICE",
        "channel_type": "im",
        "user": "U0ALICE",
        "ts": "1700000000.000001",
        "text": "our secret <@U0BOT|captionbot> garden",
        "blocks": [{"type": "rich_text", "elements": ["our secret garden"]}],
        "files": [{"id": "F1", "name": "secret.garden.jpg", "title": "our secret", "mimetype": "image/jpeg"}],
        "attachments": [{"text": "a secret", "fallback": "a secret", "files": [{"id": "F2", "title": "secret"}]}],
    }
    kept = essentials(envelope(Workspace(), event))
    assert "secret" not in json.dumps(kept)
    assert kept["event"]["text"] == "<@U0BOT>"
    assert kept["event"]["files"][0]["name"] == ".jpg"
    assert [file["id"] for file in kept["event"]["attachments"][0]["files"]] == ["F2"]
