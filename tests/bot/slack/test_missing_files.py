"""Files that can't be had: each is named in its place, and silences nobody else."""

from collections.abc import Callable

import pytest

from bot import messages
from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.endpoint import sentence_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_faults import Error
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]
KINDS = {
    "access_denied": messages.SLACK_FILE_DENIED,
    "hidden_by_limit": messages.SLACK_FILE_HIDDEN,
    "tombstone": messages.SLACK_FILE_GONE,
    "file_not_found": messages.SLACK_FILE_GONE,
}


@pytest.mark.parametrize("channel", ["C0GENERAL", "D0ALICE"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_photo_beside_it_is_captioned(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, kind: str, channel: str
) -> None:
    good = photo()
    sent = slack.upload(channel, [Upload(photo(), stub=kind), good])
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text.splitlines() == [f"1. {KINDS[kind]}", f"2. {sentence_of(good)}"]


@pytest.mark.parametrize("code", ["file_not_found", "file_deleted", "access_denied", "thread_not_found"])
async def test_a_stub_that_slack_tells_nothing_of_is_one_of_them(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, code: str
) -> None:
    good = photo()
    slack.faults.add("files.info", Error(code))
    sent = slack.upload("C0GENERAL", [Upload(photo(), stub=True), good])
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert [line[:2] for line in reply.text.splitlines()] == ["1.", "2."]
    assert reply.text.endswith(sentence_of(good))


async def test_a_file_of_another_service_is_named_too(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    good = photo()
    elsewhere = Upload(photo(), url="https://drive.example.org/file", renditions=False)
    sent = slack.upload("C0GENERAL", [elsewhere, good])
    sent.payload["event"]["files"][0] |= {"mode": "external", "is_external": True, "external_type": "gdrive"}
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text.splitlines() == [f"1. {messages.SLACK_FILE_ELSEWHERE}", f"2. {sentence_of(good)}"]


@pytest.mark.parametrize("kind", KINDS)
async def test_alone_it_is_told_in_private_and_no_business_of_a_channel(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, kind: str
) -> None:
    await bot.hears(slack.upload("C0GENERAL", [Upload(photo(), stub=kind)]))
    assert not slack.posted
    for channel in ("D0ALICE", "G0THREE"):
        sent = slack.upload(channel, [Upload(photo(), stub=kind)])
        await bot.hears(sent)
        assert [reply.text for reply in slack.replies(sent)] == [KINDS[kind]]


async def test_a_mention_beside_a_file_that_may_not_be_seen_is_told_why(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    sent = slack.upload("C0GENERAL", [Upload(photo(), stub="access_denied")], text="<@U0BOT> what is this?")
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [messages.SLACK_FILE_DENIED]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_mention_in_its_thread_finds_the_photo_before_it(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, kind: str
) -> None:
    image = photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        root = slack.upload("C0GENERAL", [image])
        slack.upload("C0GENERAL", [Upload(photo(), stub=kind)], thread_ts=root.ts)
        await bot.hears(slack.mention("C0GENERAL", thread_ts=root.ts))
        assert [reply.text for reply in slack.replies(root)] == [sentence_of(image)]
        lonely = slack.upload("C0GENERAL", [Upload(photo(), stub=kind)])
        await bot.hears(slack.mention("C0GENERAL", thread_ts=lonely.ts))
    assert [reply.text for reply in slack.replies(lonely)] == [KINDS[kind]]


async def test_a_paper_that_can_t_be_had_is_no_photo(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    good = photo()
    sent = slack.upload("C0GENERAL", [Upload(b"%PDF", "a.pdf", "application/pdf"), good])
    sent.payload["event"]["files"][0]["file_access"] = "access_denied"
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(good)]
