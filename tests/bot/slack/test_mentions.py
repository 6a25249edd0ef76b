"""A mention, early or late, in threads of any length, and group messages among people who invited the bot."""

from collections.abc import Callable

import pytest

from bot import messages
from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.endpoint import sentence_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]


@pytest.mark.parametrize("lateness", [0, 2])
async def test_no_help_is_said_beside_a_caption(slack: SlackSandbox, bot: Bot, photo: MakePhoto, lateness: int) -> None:
    slack.workspace.lateness = lateness
    image = photo()
    sent = slack.upload("C0GENERAL", [image], text="<@U0BOT> what is this?", mention_beside="without files")
    message, mention = sent.payloads
    await bot.hears(mention, message)
    assert [posted.text for posted in slack.posted] == [sentence_of(image)]


async def test_a_mention_that_its_thread_does_not_show_yet_is_waited_for(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    image = photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        root = slack.upload("C0GENERAL", [image])
        slack.workspace.lateness = 2
        await bot.hears(slack.mention("C0GENERAL", thread_ts=root.ts))
    assert [reply.text for reply in slack.replies(root)] == [sentence_of(image)]


async def test_a_mention_that_was_deleted_gets_no_help(slack: SlackSandbox, bot: Bot) -> None:
    sent = slack.mention("C0GENERAL", "hello?")
    slack.delete(sent)
    await bot.hears(sent)
    assert not slack.posted


@pytest.mark.parametrize("chatter", [1, 20, 450])
async def test_the_nearest_photo_is_found_however_long_the_thread_is(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, chatter: int
) -> None:
    far, near = photo(), photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        root = slack.upload("C0GENERAL", [far])
        for _ in range(chatter):
            slack.say("C0GENERAL", "nice", thread_ts=root.ts)
        slack.upload("C0GENERAL", [near], thread_ts=root.ts)
        for _ in range(chatter):
            slack.say("C0GENERAL", "very nice", thread_ts=root.ts)
        mention = slack.mention("C0GENERAL", thread_ts=root.ts)
        slack.upload("C0GENERAL", [photo()], thread_ts=root.ts)
        await bot.hears(mention)
    assert [reply.text for reply in slack.replies(root)] == [sentence_of(near)]


async def test_the_photo_of_a_long_thread_s_root_is_found(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    slack.workspace.largest_page = 10
    image = photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        root = slack.upload("C0GENERAL", [image])
        for _ in range(35):
            slack.say("C0GENERAL", "nice", thread_ts=root.ts)
        await bot.hears(slack.mention("C0GENERAL", thread_ts=root.ts))
    assert [reply.text for reply in slack.replies(root)] == [sentence_of(image)]


async def test_a_group_message_is_private(slack: SlackSandbox, settings: BotSettings, photo: MakePhoto) -> None:
    image = photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        sent, paper = slack.upload("G0THREE", [image]), slack.upload("G0THREE", [Upload(b"%PDF", "a.pdf")])
        chatter = slack.say("G0THREE", "good morning, you two")
        await bot.hears(sent, paper, chatter)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]
    assert [reply.text for reply in slack.replies(paper)] == [messages.not_a_photo("application/pdf")]
    assert not slack.replies(chatter)


async def test_a_mention_beside_a_link_to_a_photo_describes_what_the_link_shows(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    image = photo()
    shown = slack.forward("C0OTHER", slack.upload("C0OTHER", [image]), unfurl=True)
    sent = slack.mention("C0GENERAL", "what is on https://sandbox.slack.com/archives/C0OTHER/p1 ?")
    attachments = slack.workspace.conversation("C0OTHER").messages[shown.ts]["attachments"]
    slack.workspace.conversation("C0GENERAL").messages[sent.ts]["attachments"] = attachments
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]
