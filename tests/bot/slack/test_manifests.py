"""The app manifests ask Slack for what the bot needs: no scope and no event more or less."""

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, HttpUrl

import bot.slack
from bot import messages
from bot.errors import TryAgain
from bot.settings import BotSettings
from tests.bot.conftest import make_photo
from tests.bot.slack.scenario import Bot, bot_with, settings_in, wait_until
from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_person import Sent

FOLDER = Path(bot.slack.__path__[0])
HTTP, SOCKET_MODE = FOLDER / "manifest-http.yaml", FOLDER / "manifest-socket-mode.yaml"


# --- the part of Slack's schema that they use (docs.slack.dev/reference/app-manifest) --------------------------------


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DisplayInformation(Strict):
    name: Annotated[str, Field(max_length=35)]
    description: Annotated[str, Field(max_length=140)]
    background_color: Annotated[str, Field(pattern=r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")]


class AppHome(Strict):
    home_tab_enabled: bool
    messages_tab_enabled: bool
    messages_tab_read_only_enabled: bool


class BotUser(Strict):
    display_name: Annotated[str, Field(pattern=r"^[a-z0-9._-]{1,80}$")]
    always_online: bool


class Features(Strict):
    app_home: AppHome
    bot_user: BotUser


class Scopes(Strict):
    bot: Annotated[list[str], Field(max_length=255)]


class OAuth(Strict):
    scopes: Scopes


class Subscriptions(Strict):
    request_url: Annotated[HttpUrl | None, Field(strict=False)] = None
    bot_events: Annotated[list[str], Field(max_length=100)]


class Interactivity(Strict):
    is_enabled: bool


class Settings(Strict):
    event_subscriptions: Subscriptions
    interactivity: Interactivity
    org_deploy_enabled: bool
    socket_mode_enabled: bool
    token_rotation_enabled: bool


class Manifest(Strict):
    display_information: DisplayInformation
    features: Features
    oauth_config: OAuth
    settings: Settings

    @property
    def scopes(self) -> list[str]:
        return self.oauth_config.scopes.bot

    @property
    def events(self) -> list[str]:
        return self.settings.event_subscriptions.bot_events


def read(path: Path) -> Manifest:
    return Manifest.model_validate(yaml.safe_load(path.read_text()))


def test_both_are_valid_and_differ_in_the_way_the_events_come_only() -> None:
    http, socket_mode = read(HTTP), read(SOCKET_MODE)
    assert http.settings.event_subscriptions.request_url is not None
    assert str(http.settings.event_subscriptions.request_url).endswith("/slack/events")
    assert socket_mode.settings.event_subscriptions.request_url is None
    assert (http.settings.socket_mode_enabled, socket_mode.settings.socket_mode_enabled) == (False, True)
    dumped: list[dict[str, Any]] = [http.model_dump(), socket_mode.model_dump()]
    for manifest in dumped:
        del manifest["settings"]["event_subscriptions"]["request_url"]
        del manifest["settings"]["socket_mode_enabled"]
    assert dumped[0] == dumped[1]


def test_people_can_write_to_the_bot_in_private() -> None:
    home = read(HTTP).features.app_home
    assert home.messages_tab_enabled
    assert not home.messages_tab_read_only_enabled


# --- what works with them --------------------------------------------------------------------------------------------


async def what_works(
    scopes: set[str], events: set[str], settings: BotSettings, endpoint: CaptionEndpoint
) -> dict[str, bool]:
    """Do everything that people do with the bot, in a workspace that grants these scopes and sends these events."""
    worked: dict[str, bool] = {}
    with SlackSandbox(scopes, events) as slack:

        async def caption(bot: Bot, sent: Sent) -> bool:
            try:
                await bot.hears(sent)
            except TryAgain:
                return False
            return any("A photo like" in reply.text for reply in slack.replies(sent))

        async with bot_with(settings_in(slack, settings)) as bot:
            for channel in ("C0GENERAL", "G0SECRET", "D0ALICE", "G0THREE"):
                slack.workspace.reactions.clear()
                worked[f"photo in {channel}"] = await caption(bot, slack.upload(channel, [make_photo()]))
                worked[f"eyes in {channel}"] = [r.verb for r in slack.workspace.reactions] == ["add", "remove"]
                with slack.reordered():  # a photo that the bot does not hear of
                    root = slack.upload(channel, [make_photo()])
                mention = slack.mention(channel, thread_ts=root.ts)
                worked[f"mention in {channel}"] = await caption(bot, mention)
            greeting = slack.dm("hello")
            await _quietly(bot, greeting)
            worked["help in private"] = any(r.text == messages.SLACK_HELP for r in slack.replies(greeting))
            endpoint.pings = 0
            opened = slack.open_dm()
            await bot.hears(opened)
            if opened.payloads:
                await asyncio.to_thread(wait_until, lambda: endpoint.pings)
            worked["warming"] = endpoint.pings > 0
    return worked


async def _quietly(bot: Bot, sent: Sent) -> None:
    try:
        await bot.hears(sent)
    except TryAgain:
        return


async def test_all_of_it_works_with_what_the_manifest_asks_for(
    settings: BotSettings, endpoint: CaptionEndpoint
) -> None:
    manifest = read(HTTP)
    worked = await what_works(set(manifest.scopes), set(manifest.events), settings, endpoint)
    assert all(worked.values()), worked


@pytest.mark.parametrize("scope", read(HTTP).scopes)
async def test_each_scope_is_needed(settings: BotSettings, endpoint: CaptionEndpoint, scope: str) -> None:
    manifest = read(HTTP)
    worked = await what_works(set(manifest.scopes) - {scope}, set(manifest.events), settings, endpoint)
    assert not all(worked.values())


@pytest.mark.parametrize("event", read(HTTP).events)
async def test_each_event_is_needed(settings: BotSettings, endpoint: CaptionEndpoint, event: str) -> None:
    manifest = read(HTTP)
    worked = await what_works(set(manifest.scopes), set(manifest.events) - {event}, settings, endpoint)
    assert not all(worked.values())


def test_the_manifests_say_what_to_do_with_them() -> None:
    assert re.search(r"connections:write", SOCKET_MODE.read_text())
    assert re.search(r"captionbot\.example\.com", HTTP.read_text())
