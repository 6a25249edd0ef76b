"""With a proxy in the environment: what is nearby is called without it, Slack and Telegram through it."""

import asyncio
from collections.abc import Callable, Iterator

import msgspec
import pytest

from bot.client import CaptionClient
from bot.settings import BotSettings
from tests.bot.slack.scenario import bot_with, settings_in
from tests.bot.slack.test_socket_mode import Inbox, listening
from tests.bot.telegram.scenario import running
from tests.sandbox.endpoint import CaptionEndpoint, caption_of, sentence_of
from tests.sandbox.proxy import Proxy, proxy
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_photos import Upload
from tests.sandbox.telegram import TelegramSandbox

MakePhoto = Callable[..., bytes]
SLACK, FILES, TELEGRAM = "slack.example.org", "files.example.org", "telegram.example.org"


@pytest.fixture
def between(slack: SlackSandbox, sandbox: TelegramSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    routes = {SLACK: slack.api_url.removesuffix("/api/"), FILES: slack.files_url, TELEGRAM: sandbox.url}
    with proxy(routes) as it:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, it.url)
        monkeypatch.setenv("NO_PROXY", "")
        yield it


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_endpoint_on_this_machine_is_called_without_it(
    settings: BotSettings, endpoint: CaptionEndpoint, between: Proxy, host: str
) -> None:
    url = endpoint.url.replace("127.0.0.1", host)
    async with CaptionClient(msgspec.structs.replace(settings, inference_url=url)) as client:
        assert await client.caption(b"\xff\xd8\xff any bytes", "1") == caption_of(b"\xff\xd8\xff any bytes")
        assert await client.ping()
    assert not between.asked


async def test_an_endpoint_elsewhere_is_called_through_it(
    settings: BotSettings, endpoint: CaptionEndpoint, between: Proxy
) -> None:
    between.routes = {"captions.example.org": endpoint.url}
    elsewhere = msgspec.structs.replace(settings, inference_url="http://captions.example.org")
    async with CaptionClient(elsewhere) as client:
        assert await client.ping()
    assert between.asked == [("captions.example.org", "/ping")]


async def test_slack_is_called_through_it_and_its_files_too(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, between: Proxy
) -> None:
    through = settings_in(slack, settings, slack_api_url=f"http://{SLACK}/api/", slack_files_url=f"http://{FILES}/")
    image = photo()
    async with bot_with(through) as bot:
        sent = slack.upload("C0GENERAL", [Upload(image, renditions=False)])
        file = sent.payload["event"]["files"][0]
        file["url_private"] = file["url_private"].replace(slack.files_url, f"http://{FILES}/")
        await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]
    asked = [host for host, _ in between.asked]
    assert len(slack.workspace.calls) == asked.count(SLACK) > 0
    assert len(slack.workspace.downloads) == asked.count(FILES) > 0


async def test_a_slack_on_this_machine_is_called_without_it(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, between: Proxy
) -> None:
    async with bot_with(settings_in(slack, settings)) as bot:
        sent = slack.upload("C0GENERAL", [photo()])
        await bot.hears(sent)
    assert len(slack.replies(sent)) == 1
    assert [reaction.verb for reaction in slack.workspace.reactions] == ["add", "remove"]
    assert not between.asked


@pytest.mark.parametrize("nearby", [True, False])
async def test_telegram_is_called_through_it_unless_it_is_on_this_machine(
    sandbox: TelegramSandbox, settings: BotSettings, photo: MakePhoto, between: Proxy, nearby: bool
) -> None:
    message = sandbox.send_photo(sandbox.private(), photo(640, 480))
    url = sandbox.url if nearby else f"http://{TELEGRAM}"
    async with running(settings, sandbox, telegram_api_url=url) as bot:
        await bot.work()
    assert len(sandbox.replies(message)) == 1
    assert bool(between.asked) is not nearby
    if not nearby:
        assert len(between.asked) == len(sandbox.world.calls) + len(sandbox.world.downloads)


async def test_socket_mode_on_this_machine_needs_no_proxy(
    slack: SlackSandbox, settings: BotSettings, between: Proxy
) -> None:
    inbox = Inbox()
    async with listening(slack, settings, inbox):
        slack.dm("hello")
        await asyncio.to_thread(slack.settle)
    assert len(inbox.kept) == 1
    assert not between.asked
