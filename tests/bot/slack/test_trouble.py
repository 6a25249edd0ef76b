"""When Slack limits, errs, or has taken away what the bot would answer."""

import logging
from collections.abc import Callable

import pytest

from bot.errors import TryAgain
from tests.bot.slack.scenario import Bot
from tests.sandbox.endpoint import CaptionEndpoint, Failure
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_faults import Error, Fault, Reset, Slow, Status

MakePhoto = Callable[..., bytes]


@pytest.mark.parametrize(
    "faults",
    [
        [Status(429, retry_after=1)],
        [Status(429, retry_after=0)] * 3,
        [Status(503), Status(500)],
        [Reset()],
        [Slow(0.01, 64)],
    ],
    ids=repr,
)
async def test_a_reply_survives_a_passing_fault(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, faults: list[Fault]
) -> None:
    slack.faults.add("chat.postMessage", *faults)
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


@pytest.mark.parametrize("fault", [Status(502), Status(429, retry_after=0), Reset(), Error("fatal_error")], ids=repr)
async def test_a_lasting_fault_sends_the_event_back_to_the_inbox(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, fault: Fault
) -> None:
    slack.faults.add("chat.postMessage", fault, times=6)
    sent = slack.upload("C0GENERAL", [photo()])
    with pytest.raises(TryAgain):
        await bot.hears(sent)
    slack.faults.clear()
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


async def test_a_reply_whose_confirmation_is_lost_is_not_said_twice(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    slack.faults.add("chat.postMessage", Reset(after_work=True))
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


async def test_the_eyes_stay_while_the_event_waits_and_go_with_the_answer(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint
) -> None:
    endpoint.failures = [Failure(500)]
    sent = slack.upload("C0GENERAL", [photo()])
    with pytest.raises(TryAgain):
        await bot.hears(sent)
    assert [r.verb for r in slack.workspace.reactions] == ["add"]
    await bot.hears(sent)
    assert [r.verb for r in slack.workspace.reactions] == ["add", "remove"]


async def test_an_apology_takes_the_eyes_away(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint
) -> None:
    endpoint.failures = [Failure(500)]
    sent = slack.upload("C0GENERAL", [photo()])
    with pytest.raises(TryAgain):
        await bot.hears(sent)
    await bot.gives_up(sent, "Sorry.")
    assert [r.verb for r in slack.workspace.reactions] == ["add", "remove"]


@pytest.mark.parametrize(
    "fault", [Status(429, retry_after=30), Status(500), Reset(), Error("too_many_reactions")], ids=repr
)
async def test_no_photo_waits_for_its_eyes(slack: SlackSandbox, bot: Bot, photo: MakePhoto, fault: Fault) -> None:
    slack.faults.add("reactions.add", fault)
    slack.faults.add("reactions.remove", fault)
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


async def test_a_missing_reaction_scope_is_no_failure(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    slack.credentials.scopes.discard("reactions:write")
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


async def test_a_missing_scope_is_named_in_the_log_and_the_event_waits(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slack.credentials.scopes.discard("chat:write")
    with pytest.raises(TryAgain, match=r"chat\.postMessage: missing_scope"):
        await bot.hears(slack.upload("C0GENERAL", [photo()]))
    assert any("chat:write" in line for line in caplog.messages)


async def test_a_revoked_token_makes_the_event_wait(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    slack.credentials.bot_token = "xoxb-a-new-one"
    with pytest.raises(TryAgain, match="invalid_auth"):
        await bot.hears(slack.mention("C0GENERAL", thread_ts=sent.ts))


@pytest.mark.parametrize("gone", ["channel_not_found", "not_in_channel", "is_archived", "thread_not_found"])
async def test_where_there_is_nowhere_to_answer_the_event_is_done(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, gone: str
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    slack.faults.add("chat.postMessage", Error(gone))
    slack.faults.add("conversations.replies", Error(gone))
    await bot.hears(sent, slack.mention("C0GENERAL", thread_ts=sent.ts))
    assert not slack.posted


async def test_a_bug_in_a_listener_reaches_the_inbox(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    await bot.app.client.session.close()  # type: ignore[union-attr]  # (it is open by now)
    sent.payload["event"]["files"][0]["size"] = True  # no number, though Python takes it for one
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 2
