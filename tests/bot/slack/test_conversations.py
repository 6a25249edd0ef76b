"""What a person does in Slack, and what comes back in the thread."""

import asyncio
from collections.abc import Callable

import pytest

from bot import messages
from bot.settings import BotSettings
from tests.bot.slack.scenario import Bot, bot_with, settings_in, wait_until
from tests.sandbox.endpoint import CaptionEndpoint, sentence_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_person import Sent
from tests.sandbox.slack_photos import Upload
from tests.sandbox.slack_workspace import Reaction

MakePhoto = Callable[..., bytes]
PDF = Upload(b"%PDF-1.7", "paper.pdf")


@pytest.mark.parametrize("channel", ["C0GENERAL", "G0SECRET", "D0ALICE", "G0THREE"])
async def test_a_photo_gets_its_caption_in_its_thread(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint, channel: str
) -> None:
    sent = slack.upload(channel, [photo()])
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text == sentence_of(endpoint.seen[0].image)
    assert [posted.ts for posted in slack.posted] == [reply.ts]


async def test_the_event_s_id_travels_to_the_endpoint(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert endpoint.seen[0].request_id == f"slack-{sent.payload['event_id']}"


async def test_several_photos_get_one_numbered_reply(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, endpoint: CaptionEndpoint
) -> None:
    photos = [photo(), photo(), photo()]
    sent = slack.upload("C0GENERAL", photos)
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text == "\n".join(f"{number}. {sentence_of(p)}" for number, p in enumerate(photos, start=1))


async def test_a_damaged_photo_among_good_ones_is_named_in_its_place(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto
) -> None:
    good = photo()
    sent = slack.upload("C0GENERAL", [good, Upload(photo()[:500], mimetype="image/jpeg", renditions=False)])
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    first, second = reply.text.split("\n")
    assert first == f"1. {sentence_of(good)}"
    assert second.startswith("2. ")
    assert "damaged" in second


async def test_a_photo_in_a_thread_is_answered_in_that_thread(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    root = slack.say("C0GENERAL", "our holidays")
    sent = slack.upload("C0GENERAL", [photo()], thread_ts=root.ts)
    await bot.hears(sent)
    assert len(slack.replies(root)) == 1


async def test_the_eyes_show_while_the_bot_looks(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(sent)
    assert slack.workspace.reactions == [Reaction(verb, "C0GENERAL", sent.ts, "eyes") for verb in ("add", "remove")]


async def test_other_files_in_a_channel_are_nobody_s_business(slack: SlackSandbox, bot: Bot) -> None:
    await bot.hears(slack.upload("C0GENERAL", [PDF]))
    assert not slack.workspace.calls


async def test_other_files_in_private_get_a_kind_sentence(slack: SlackSandbox, bot: Bot) -> None:
    sent = slack.upload("D0ALICE", [PDF])
    await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text == messages.not_a_photo("application/pdf")


async def test_the_photo_beside_a_paper_is_captioned_alone(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo()
    sent = slack.upload("D0ALICE", [PDF, image])
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]


@pytest.mark.parametrize("beside", ["never", "with files", "without files"])
async def test_a_photo_that_mentions_the_bot_is_answered_once(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, beside: str
) -> None:
    sent = slack.upload("C0GENERAL", [photo()], text="<@U0BOT> what is this?", mention_beside=beside)  # type: ignore[arg-type]  # (a parameter of the test)
    await bot.hears(sent)
    assert len(slack.posted) == len(slack.replies(sent)) == 1


async def test_a_mention_in_the_thread_of_a_photo_captions_that_photo(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    image = photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        sent = slack.upload("C0GENERAL", [image])
        await bot.hears(sent)
        assert not slack.workspace.calls
        await bot.hears(slack.mention("C0GENERAL", "and this?", thread_ts=sent.ts))
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]


async def test_a_mention_after_several_photos_captions_the_latest(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    first, second, later = photo(), photo(), photo()
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        root = slack.upload("C0GENERAL", [first])
        slack.upload("C0GENERAL", [second], thread_ts=root.ts)
        mention = slack.mention("C0GENERAL", thread_ts=root.ts)
        slack.upload("C0GENERAL", [later], thread_ts=root.ts)
        await bot.hears(mention)
    assert [reply.text for reply in slack.replies(root)] == [sentence_of(second)]


async def test_a_photo_in_a_channel_waits_for_a_mention_where_that_is_the_custom(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    async with bot_with(settings_in(slack, settings, reply_in_groups="mentioned")) as bot:
        await bot.hears(slack.upload("C0GENERAL", [photo()]))
        assert not slack.posted
        await bot.hears(slack.upload("C0GENERAL", [photo()], text="<@U0BOT|captionbot>"))
        await bot.hears(slack.upload("D0ALICE", [photo()]))
    assert [posted.channel for posted in slack.posted] == ["C0GENERAL", "D0ALICE"]


async def test_a_mention_without_a_photo_gets_help(slack: SlackSandbox, bot: Bot) -> None:
    sent = slack.mention("C0GENERAL", "hello?")
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [messages.SLACK_HELP]


async def test_a_private_message_without_a_photo_gets_help(slack: SlackSandbox, bot: Bot) -> None:
    sent = slack.dm("hello?")
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [messages.SLACK_HELP]


async def test_a_mention_in_private_looks_at_the_thread_too(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    image = photo()
    sent = slack.upload("D0ALICE", [image])
    await bot.hears(slack.say("D0ALICE", "<@U0BOT> again, please", thread_ts=sent.ts))
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]


async def test_chatter_in_a_channel_is_left_alone(slack: SlackSandbox, bot: Bot) -> None:
    await bot.hears(slack.say("C0GENERAL", "good morning"))
    assert not slack.workspace.calls


async def test_edits_are_left_alone(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    await bot.hears(slack.edit(sent, "now with a title"), slack.edit(slack.forward("C0GENERAL", sent), "and this"))
    assert not slack.workspace.calls


async def test_a_photo_deleted_in_the_meantime_is_let_go(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    sent = slack.upload("C0GENERAL", [Upload(photo(), stub=True)])
    slack.delete(sent)
    await bot.hears(sent)
    assert not slack.posted


@pytest.mark.parametrize(
    "sender", [{"bot_id": "B0OTHER"}, {"user": "U0BOT"}, {"user": "USLACKBOT"}, {"bot_profile": {"id": "B1"}}]
)
async def test_bots_and_the_bot_itself_get_no_answer(
    slack: SlackSandbox, bot: Bot, photo: MakePhoto, sender: dict[str, object]
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    sent.payload["event"].update(sender)
    await bot.hears(sent)
    assert not slack.workspace.calls


@pytest.mark.parametrize("arrive", [lambda s: s.open_dm(), lambda s: s.join("C0NEW"), lambda s: s.join("G0NEW")])
async def test_an_arrival_warms_the_endpoint(
    slack: SlackSandbox, bot: Bot, endpoint: CaptionEndpoint, arrive: Callable[[SlackSandbox], Sent]
) -> None:
    await bot.hears(slack.join("C0NEW", user="U0CAROL"), arrive(slack))
    await asyncio.to_thread(wait_until, lambda: endpoint.pings)
    assert endpoint.pings == 1
    assert not slack.posted


async def test_a_caption_cannot_mention_anybody(slack: SlackSandbox, settings: BotSettings, photo: MakePhoto) -> None:
    async with bot_with(settings_in(slack, settings)) as bot:
        sent = slack.dm("x")
        await bot.gives_up(sent, "R&D <!channel> <@U1>")
    [reply] = slack.replies(sent)
    assert reply.text == "R&amp;D &lt;!channel&gt; &lt;@U1&gt;"
    assert reply.arguments["mrkdwn"] is False


async def test_an_uninvited_workspace_is_told_so_in_private_only(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    async with bot_with(settings_in(slack, settings, allowed_slack_teams=frozenset({"T0ELSE"}))) as bot:
        await bot.hears(slack.upload("C0GENERAL", [photo()]), slack.mention("C0GENERAL"))
        assert not slack.posted
        sent = slack.upload("D0ALICE", [photo()])
        await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert "T0SANDBOX" in reply.text
    assert not slack.workspace.downloads


async def test_too_many_photos_are_told_when_to_come_back(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    async with bot_with(settings_in(slack, settings, photos_per_minute=2)) as bot:
        await bot.hears(slack.upload("C0GENERAL", [photo(), photo()]))
        sent = slack.upload("C0GENERAL", [photo()])
        await bot.hears(sent)
        others = slack.upload("C0GENERAL", [photo()], user="U0CAROL")
        await bot.hears(others)
    assert "2 photos a minute" in slack.replies(sent)[0].text
    assert "photo like" in slack.replies(others)[0].text


async def test_an_apology_goes_where_an_answer_was_expected(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    expected = [slack.upload("C0GENERAL", [photo()]), slack.dm("hello"), slack.mention("C0GENERAL")]
    for sent in [*expected, slack.upload("C0GENERAL", [PDF]), slack.open_dm()]:
        await bot.gives_up(sent, messages.APOLOGY)
    assert [(posted.thread_ts, posted.text) for posted in slack.posted] == [
        (sent.ts, messages.APOLOGY) for sent in expected
    ]
