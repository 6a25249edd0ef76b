"""Photos where Slack puts them: forwarded, shown by a link, sent to a thread and its channel, without a subtype."""

import copy
from collections.abc import Callable

import pytest

from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.endpoint import sentence_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]


@pytest.mark.parametrize("channel", ["C0GENERAL", "D0ALICE", "G0THREE"])
@pytest.mark.parametrize("unfurl", [False, True])
async def test_a_forwarded_photo_is_captioned(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, channel: str, unfurl: bool
) -> None:
    image = photo()
    original = slack.upload("C0OTHER", [image])
    sent = slack.forward(channel, original, "look at this", unfurl=unfurl)
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]


async def test_what_was_forwarded_is_forwarded_again(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo()
    sent = slack.forward("C0GENERAL", slack.forward("C0OTHER", slack.upload("C0OTHER", [image])))
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]


async def test_several_forwarded_photos_get_one_numbered_reply_and_a_stub_is_asked_for(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    first, second = photo(), photo(quality=5)
    sent = slack.forward("C0GENERAL", slack.upload("C0OTHER", [first, Upload(second, stub=True)]))
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert [line[:2] for line in reply.text.splitlines()] == ["1.", "2."]
    assert reply.text.startswith(f"1. {sentence_of(first)}")


async def test_a_forwarded_photo_waits_for_a_mention_where_that_is_the_custom(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    original = slack.upload("C0OTHER", [photo()])
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        await bot.hears(slack.forward("C0GENERAL", original))
        assert not slack.posted
        called = slack.forward("C0GENERAL", original, "<@U0BOT> what is this?")
        await bot.hears(called)
    assert len(slack.posted) == len(slack.replies(called)) == 1


async def test_a_mention_finds_the_photo_that_was_forwarded_into_its_thread(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    image = photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        root = slack.say("C0GENERAL", "our holidays")
        slack.forward("C0GENERAL", slack.upload("C0OTHER", [image]), thread_ts=root.ts)
        await bot.hears(slack.mention("C0GENERAL", "and this?", thread_ts=root.ts))
    assert [reply.text for reply in slack.replies(root)] == [sentence_of(image)]


async def test_a_forwarded_message_without_files_is_chatter(slack: SlackSandbox, bot: Bot) -> None:
    await bot.hears(slack.forward("C0GENERAL", slack.say("C0OTHER", "good morning")))
    assert not slack.workspace.calls


async def test_a_photo_that_its_message_shows_twice_is_captioned_once(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    image = photo()
    sent = slack.upload("C0GENERAL", [image])
    event = sent.payload["event"]
    event["attachments"] = [{"is_share": True, "files": copy.deepcopy(event["files"])}]
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]


@pytest.mark.parametrize("subtype", [None, "thread_broadcast"])
async def test_files_come_with_other_messages_too(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, subtype: str | None
) -> None:
    image = photo()
    root = slack.say("C0GENERAL", "our holidays")
    await bot.hears(slack.upload("C0GENERAL", [image], thread_ts=root.ts, subtype=subtype))
    assert [(posted.thread_ts, posted.text) for posted in slack.posted] == [(root.ts, sentence_of(image))]


@pytest.mark.parametrize("again", [None, "thread_broadcast", "file_share"])
async def test_a_photo_that_comes_in_two_events_is_answered_once(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, again: str | None
) -> None:
    root = slack.say("C0GENERAL", "our holidays")
    sent = slack.upload("C0GENERAL", [photo()], thread_ts=root.ts)
    other = slack.happen({**sent.payload["event"], "subtype": again})
    await bot.hears(sent, other)
    assert len(slack.posted) == 1


async def test_two_photos_that_look_alike_are_answered_each(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo()
    root = slack.say("C0GENERAL", "our holidays")
    for _ in range(2):
        await bot.hears(slack.upload("C0GENERAL", [image], thread_ts=root.ts))
    assert [reply.text for reply in slack.replies(root)] == [sentence_of(image)] * 2
