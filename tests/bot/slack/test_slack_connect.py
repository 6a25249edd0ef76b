"""Whose workspace it is: channels shared with others by Slack Connect, and organisations."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import messages
from bot.settings import BotSettings
from tests.bot.slack.scenario import bot_with, settings_in
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_person import Sent

MakePhoto = Callable[..., bytes]
MINE, PARTNER = "T0SANDBOX", "T0PARTNER"


def of_the_partner(sent: Sent) -> Sent:
    """Let somebody of the partner's workspace have written it, in a channel that both share."""
    for payload in sent.payloads:
        payload |= {"team_id": PARTNER, "is_ext_shared_channel": True}
        payload["event"] |= {"team": PARTNER, "user_team": PARTNER, "source_team": PARTNER, "user": "U0PARTNER"}
    return sent


@pytest.mark.parametrize(("team", "answered"), [(MINE, True), (PARTNER, False)])
async def test_the_allow_list_means_where_the_bot_is_installed(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, team: str, answered: bool
) -> None:
    async with bot_with(settings_in(slack, settings, allowed_slack_teams=frozenset({team}))) as bot:
        await bot.hears(of_the_partner(slack.upload("C0GENERAL", [photo()])))
        await bot.hears(slack.upload("C0GENERAL", [photo()]))
    assert len(slack.posted) == (2 if answered else 0)


@pytest.mark.parametrize("silent", ["authorizations", "context_team_id"])
async def test_either_of_the_two_tells_it(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, silent: str
) -> None:
    sent = of_the_partner(slack.upload("C0GENERAL", [photo()]))
    del sent.payload[silent]
    async with bot_with(settings_in(slack, settings, allowed_slack_teams=frozenset({MINE}))) as bot:
        await bot.hears(sent)
    assert len(slack.posted) == 1


async def test_outsiders_are_answered_or_not_as_the_setting_says(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    async with bot_with(settings_in(slack, settings, slack_outsiders="ignored")) as bot:
        await bot.hears(of_the_partner(slack.upload("C0GENERAL", [photo()])))
        await bot.hears(of_the_partner(slack.mention("C0GENERAL", "hello?")))
        await bot.gives_up(of_the_partner(slack.mention("C0GENERAL", "hello?")), "Sorry.")
        assert not slack.posted
        insider = slack.upload("C0GENERAL", [photo()])
        direct = of_the_partner(slack.upload("D0ALICE", [photo()]))
        await bot.hears(insider, direct)
    assert len(slack.replies(insider)) == 1
    assert [reply.text for reply in slack.replies(direct)] == [messages.SLACK_INSIDERS_ONLY]


@pytest.mark.parametrize(("shared", "answered"), [(False, True), (True, False)])
async def test_workspaces_of_one_organisation_are_no_strangers(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, shared: bool, answered: bool
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    authorization: dict[str, Any] = {**sent.payload["authorizations"][0], "enterprise_id": "E0ORG"}
    sent.payload["authorizations"] = [authorization]
    sent.payload["is_ext_shared_channel"] = shared
    sent.payload["event"]["user_team"] = "T0COLLEAGUES"
    async with bot_with(settings_in(slack, settings, slack_outsiders="ignored")) as bot:
        await bot.hears(sent)
    assert bool(slack.posted) is answered


@pytest.mark.parametrize("allowed", ["E0ORG", "T0SANDBOX"])
async def test_an_organisation_can_be_let_in_as_a_whole(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, allowed: str
) -> None:
    sent = slack.upload("C0GENERAL", [photo()])
    sent.payload["authorizations"] = [
        {"enterprise_id": "E0ORG", "team_id": None, "user_id": "U0BOT", "is_bot": True, "is_enterprise_install": True}
    ]
    async with bot_with(settings_in(slack, settings, allowed_slack_teams=frozenset({allowed}))) as bot:
        await bot.hears(sent)
    assert len(slack.posted) == 1
