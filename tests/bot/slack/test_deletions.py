"""Deleted means gone: nothing is said in the place of what was deleted, and what was said of it goes too."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import messages
from bot.errors import TryAgain
from tests.bot.slack.scenario import Bot
from tests.sandbox.endpoint import CaptionEndpoint, Failure, sentence_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_faults import Reset, Status
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]


def methods(slack: SlackSandbox) -> list[str]:
    return [call.method for call in slack.workspace.calls]


@pytest.mark.parametrize("channel", ["C0GENERAL", "D0ALICE"])
async def test_a_message_that_was_deleted_gets_no_answer(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, channel: str
) -> None:
    sent = slack.upload(channel, [photo()])
    slack.delete(sent)
    slack.workspace.files[sent.payload["event"]["files"][0]["id"]].deleted = False  # a copy is still to be had
    await bot.hears(sent)
    await bot.gives_up(sent, messages.APOLOGY)
    assert "chat.postMessage" not in methods(slack)


async def test_one_that_was_deleted_from_a_thread_gets_none_either(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    root = slack.say("C0GENERAL", "our holidays")
    sent = slack.upload("C0GENERAL", [photo()], thread_ts=root.ts)
    slack.delete(sent)
    slack.workspace.files[sent.payload["event"]["files"][0]["id"]].deleted = False
    await bot.hears(sent)
    assert not slack.posted


async def test_a_thread_whose_root_was_deleted_goes_on(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    root = slack.say("C0GENERAL", "our holidays")
    sent = slack.upload("C0GENERAL", [photo()], thread_ts=root.ts)
    slack.delete(root)
    await bot.hears(sent)
    assert [posted.thread_ts for posted in slack.posted] == [root.ts]


async def test_one_that_is_deleted_while_the_answer_is_posted_leaves_none_in_the_channel(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    timestamp = slack.workspace.timestamp

    def deleted_first() -> str:  # Slack gives a new message its ts: now the old one goes
        slack.workspace.conversation("C0GENERAL").messages.pop(sent.ts, None)
        return timestamp()

    original = slack.people.workspace.conversation("C0GENERAL").thread
    looks: list[str] = []

    def thread(ts: str) -> list[dict[str, Any]]:
        looks.append(ts)
        return [] if len(looks) == 2 else original(ts)

    # The look before the reply finds the message, and the reply itself does not.
    monkeypatch.setattr(slack.workspace.conversation("C0GENERAL"), "thread", thread)
    monkeypatch.setattr(slack.workspace, "timestamp", deleted_first)
    await bot.hears(sent)
    assert methods(slack)[-2:] == ["chat.delete", "reactions.remove"]
    assert not slack.posted


async def test_a_message_that_is_late_in_the_history_is_answered(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    slack.workspace.lateness = 2
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert len(slack.replies(sent)) == 1


@pytest.mark.parametrize("where", ["C0GENERAL", "D0ALICE", "G0THREE", "a thread"])
async def test_the_answer_goes_with_its_message(slack: SlackSandbox, bot: Bot, photo: MakePhoto, where: str) -> None:
    root = slack.say("C0GENERAL", "our holidays")
    in_thread = where == "a thread"
    sent = slack.upload("C0GENERAL" if in_thread else where, [photo()], thread_ts=root.ts if in_thread else None)
    await bot.hears(sent)
    assert len(slack.posted) == 1
    await bot.hears(slack.delete(sent))
    assert not slack.posted
    thread = slack.workspace.conversation(sent.channel).messages
    assert list(thread) == ([root.ts] if where in ("a thread", "C0GENERAL") else [])


async def test_the_answers_to_others_stay(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    slack.workspace.largest_page = 2
    first, second = photo(), photo()
    root = slack.upload("C0GENERAL", [first])
    other = slack.upload("C0GENERAL", [second], thread_ts=root.ts)
    for number in range(5):
        slack.say("C0GENERAL", f"nice {number}", thread_ts=root.ts)
    await bot.hears(root, other)
    slack.say("C0GENERAL", "indeed", thread_ts=root.ts)
    await bot.hears(slack.delete(root))
    assert [posted.text for posted in slack.posted] == [sentence_of(second)]
    await bot.hears(slack.delete(other))
    assert not slack.posted


async def test_help_goes_with_the_question(slack: SlackSandbox, bot: Bot) -> None:
    for sent in (slack.mention("C0GENERAL", "hello?"), slack.dm("hello")):
        await bot.hears(sent)
        assert len(slack.posted) == 1
        await bot.hears(slack.delete(sent))
        assert not slack.posted


async def test_the_answer_goes_when_all_files_of_its_message_were_deleted(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    sent = slack.upload("C0GENERAL", [photo(), photo()])
    await bot.hears(sent)
    await bot.hears(slack.edit(sent, "a title"))
    assert len(slack.posted) == 1
    await bot.hears(slack.delete_files(sent))
    assert not slack.posted


async def test_an_answer_that_slack_shows_without_metadata_goes_too(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    del slack.workspace.conversation("C0GENERAL").messages[slack.posted[0].ts]["metadata"]
    await bot.hears(slack.happen({**sent.payload["event"]}))
    assert len(slack.posted) == 1
    await bot.hears(slack.delete(sent))
    assert not slack.posted


async def test_nobody_else_s_message_is_touched(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    forged = {"event_type": "captionbot_reply", "event_payload": {"ts": sent.ts}}
    reply = slack.say("C0GENERAL", "me too", thread_ts=sent.ts)
    slack.workspace.conversation("C0GENERAL").messages[reply.ts] |= {"metadata": forged, "bot_id": "B0OTHER"}
    await bot.hears(sent)
    assert len(slack.posted) == 1
    await bot.hears(slack.delete(sent))
    assert not slack.posted
    assert reply.ts in slack.workspace.conversation("C0GENERAL").messages


@pytest.mark.parametrize("shown", [True, False])
async def test_what_nobody_answered_is_deleted_without_a_call(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, shown: bool
) -> None:
    words = slack.delete(slack.say("C0GENERAL", "good morning"))
    await bot.hears(words)
    assert not slack.workspace.calls
    del words.payload["event"]["previous_message"]  # so the older documentation has it
    await bot.hears(words)
    assert methods(slack) == ["conversations.replies"]


@pytest.mark.parametrize("fault", [Status(503), Reset()], ids=repr)
async def test_a_deletion_survives_a_passing_fault(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, fault: Status | Reset
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    slack.faults.add("chat.delete", fault)
    await bot.hears(slack.delete(sent))
    assert not slack.posted


async def test_a_photo_deleted_while_it_waited_is_let_go(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint
) -> None:
    endpoint.failures = [Failure(500)]
    sent = slack.upload("C0GENERAL", [photo()])
    with pytest.raises(TryAgain):
        await bot.hears(sent)
    await bot.hears(slack.delete(sent))
    await bot.hears(sent)
    assert not slack.posted


async def test_a_photo_whose_file_is_gone_is_told_in_private_only(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    for channel, expected in (("C0GENERAL", []), ("D0ALICE", [messages.SLACK_FILE_GONE])):
        sent = slack.upload(channel, [photo()])
        slack.delete_files(sent)
        await bot.hears(sent)
        assert [reply.text for reply in slack.replies(sent)] == expected
    assert [r.verb for r in slack.workspace.reactions if r.channel == "C0GENERAL"] == ["add", "remove"]


async def test_of_several_photos_one_that_is_gone_is_named_in_its_place(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    good = photo()
    sent = slack.upload("C0GENERAL", [photo(), good])
    slack.workspace.files[sent.payload["event"]["files"][0]["id"]].deleted = True
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text.splitlines() == [f"1. {messages.SLACK_FILE_GONE}", f"2. {sentence_of(good)}"]


async def test_a_stub_whose_file_is_gone_is_let_go(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [Upload(photo(), stub=True)])
    slack.delete_files(sent)
    await bot.hears(sent)
    assert not slack.posted
