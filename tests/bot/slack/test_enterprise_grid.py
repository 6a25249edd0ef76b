"""A file host that sends the bot on, as Enterprise Grid's does, and one that would send it astray."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from yarl import URL

from bot import messages
from bot.errors import Declined
from bot.settings import BotSettings
from bot.slack.files import Files
from common.settings import SettingsError
from tests.bot.slack.scenario import Bot, bot_with, settings_in
from tests.sandbox.endpoint import sentence_of
from tests.sandbox.servers import Servers
from tests.sandbox.slack import BOT_TOKEN, SlackSandbox
from tests.sandbox.slack_photos import Upload

MakePhoto = Callable[..., bytes]


@pytest.fixture
async def bot(slack: SlackSandbox, settings: BotSettings) -> AsyncIterator[Bot]:
    origins = frozenset({slack.origin_url, "https://files-origin.example.org"})
    async with bot_with(settings_in(slack, settings, slack_files_origins=origins)) as bot:
        yield bot


async def test_the_bytes_are_had_from_the_host_that_keeps_them(slack: SlackSandbox, bot: Bot, photo: MakePhoto) -> None:
    slack.file_host.origin = slack.origin_url
    image = photo()
    sent = slack.upload("C0GENERAL", [image])
    await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [sentence_of(image)]
    assert [download.outcome for download in slack.workspace.downloads] == ["redirect to origin", "sent"]


async def test_without_the_setting_only_slack_s_own_hosts_are_followed(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto
) -> None:
    slack.file_host.origin = slack.origin_url
    async with bot_with(settings_in(slack, settings)) as bot:
        sent = slack.upload("D0ALICE", [photo()])
        await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [messages.SLACK_FILE_ELSEWHERE]
    assert [download.outcome for download in slack.workspace.downloads] == ["redirect to origin"]


@contextmanager
def sending_on(location: str) -> Iterator[str]:
    """A file host that has every file elsewhere."""

    async def send_on(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    servers = Servers("files")
    servers.start()
    app = web.Application()
    app.router.add_get("/{path:.*}", send_on)
    yield servers.run(servers.serve(app, 0, patience=0.05)) + "/"
    servers.stop()


async def test_from_there_it_goes_no_further(slack: SlackSandbox, settings: BotSettings, photo: MakePhoto) -> None:
    with sending_on(slack.origin_url + "files-pri/T0SANDBOX-F1/a.jpg") as last, sending_on(last + "a.jpg") as first:
        trusted = frozenset({last, slack.origin_url})
        async with bot_with(settings_in(slack, settings, slack_files_url=first, slack_files_origins=trusted)) as bot:
            sent = slack.upload("D0ALICE", [Upload(photo(), url=first + "a.jpg", renditions=False)])
            await bot.hears(sent)
    assert [reply.text for reply in slack.replies(sent)] == [messages.SLACK_FILES_CLOSED]
    assert not slack.workspace.downloads


ASTRAY = [
    "{other}files-pri/T0SANDBOX-F1/photo.jpg",
    "https://slack.com.example.org/photo.jpg",
    "https://evilslack.com/photo.jpg",
    "http://files-origin.slack.com/photo.jpg",
    "https://files-origin.slack.com:8443/photo.jpg",
    "https://somebody@files-origin.slack.com/photo.jpg",
    "https://:secret@files-origin.slack.com/photo.jpg",
    "//files-origin.slack.com/photo.jpg",
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "https://[::1",
    "",
]


@pytest.mark.parametrize("location", ASTRAY)
async def test_elsewhere_it_is_not_followed_and_the_token_is_shown_to_nobody(
    slack: SlackSandbox, settings: BotSettings, photo: MakePhoto, location: str, caplog: pytest.LogCaptureFixture
) -> None:
    with sending_on(location.format(other=slack.elsewhere_url)) as url:
        async with bot_with(settings_in(slack, settings, slack_files_url=url)) as bot:
            sent = slack.upload("D0ALICE", [Upload(photo(), url=url + "files-pri/T0-F1/a.jpg", renditions=False)])
            await bot.hears(sent)
    [reply] = slack.replies(sent)
    assert reply.text in (messages.SLACK_FILE_ELSEWHERE, messages.SLACK_FILES_CLOSED)
    assert not slack.strays
    assert BOT_TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        ("https://files-origin.slack.com/files-pri/T0-F1/a.jpg", True),
        ("https://slack.com/files-pri/T0-F1/a.jpg", True),
        ("https://files.slack.com/login", False),
        ("https://files-origin.example.org/a.jpg", True),
    ],
)
def test_slack_s_own_hosts_are_followed_over_https(location: str, followed: bool) -> None:
    files = Files("https://files.slack.com/", frozenset({"https://files-origin.example.org"}), "xoxb-1", 1)
    start = URL("https://files.slack.com/files-pri/T0-F1/a.jpg")
    if followed:
        assert str(files._sent_on(start, location)) == location
    else:
        with pytest.raises(Declined):
            files._sent_on(start, location)


def test_an_origin_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError, match="SLACK_FILES_ORIGINS"):
        Files("https://files.slack.com/", frozenset({"files.example.org"}), "xoxb-1", 1)
