"""When Slack limits, errs, or has taken away what the bot would answer."""

import logging
from collections.abc import Callable

import pytest

from bot.errors import GiveUp, TryAgain
from tests.bot.slack.scenario import Bot
from tests.sandbox.endpoint import CaptionEndpoint, Failure, sentence_of
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


async def test_a_token_that_is_none_any_more_is_named_to_the_operator_and_not_tried_again(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, caplog: pytest.LogCaptureFixture
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    slack.credentials.bot_token = "xoxb-a-new-one"
    with pytest.raises(GiveUp, match="invalid_auth"):
        await bot.hears(slack.mention("C0GENERAL", thread_ts=sent.ts))
    assert any("SLACK_BOT_TOKEN" in line for line in caplog.messages)


@pytest.mark.parametrize(
    "code", ["account_inactive", "token_revoked", "invalid_auth", "token_expired", "no_permission", "msg_too_long"]
)
async def test_what_the_operator_has_to_mend_is_tried_once(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    slack.faults.add("chat.postMessage", Error(code))
    with pytest.raises(GiveUp, match=code):
        await bot.hears(slack.upload("C0GENERAL", [photo()]))
    assert [call.method for call in slack.workspace.calls].count("chat.postMessage") == 1
    assert any(code in line for line in caplog.messages)


@pytest.mark.parametrize(
    "code",
    [
        *("restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel"),
        *("restricted_action_non_threadable_channel", "restricted_action_thread_locked"),
    ],
)
async def test_a_channel_that_takes_no_answers_is_done_with(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, code: str
) -> None:
    slack.workspace.conversation("C0GENERAL").restriction = code
    await bot.hears(slack.upload("C0GENERAL", [photo()]))
    assert [call.method for call in slack.workspace.calls].count("chat.postMessage") == 1
    assert not slack.posted


async def test_an_answer_longer_than_slack_takes_is_cut(slack: SlackSandbox, bot: Bot) -> None:
    sent = slack.dm("hello")
    await bot.gives_up(sent, "&" * 50_000)
    assert len(slack.replies(sent)) == 1


@pytest.mark.parametrize("gone", ["channel_not_found", "not_in_channel", "is_archived", "thread_not_found"])
async def test_where_there_is_nowhere_to_answer_the_event_is_done(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, gone: str
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    slack.faults.add("chat.postMessage", Error(gone), times=2)
    slack.faults.add("conversations.replies", Error(gone), times=9)
    await bot.hears(sent, slack.mention("C0GENERAL", thread_ts=sent.ts))
    assert not slack.posted


async def test_connections_that_were_closed_are_opened_anew(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    await bot.hears(slack.upload("C0GENERAL", [photo()]))
    await bot.app.client.session.close()  # type: ignore[union-attr]  # (it is open by now)
    sent = slack.upload("C0GENERAL", [photo()])
    sent.payload["event"]["files"][0]["size"] = True  # no number, though Python takes it for one
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


async def test_an_apology_is_said_once_and_is_no_answer(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    for _ in range(2):
        await bot.gives_up(sent, "Sorry.")
    await bot.hears(sent)
    await bot.gives_up(sent, "Sorry.")
    assert [reply.text for reply in slack.replies(sent)] == ["Sorry.", sentence_of(endpoint.seen[0].image)]
    await bot.hears(slack.delete(sent))
    assert not slack.posted
