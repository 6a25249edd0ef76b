"""What an attacker, or a careless log, might make of Telegram's files and token."""

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot import messages
from bot.errors import GiveUp, TryAgain
from bot.settings import BotSettings
from bot.telegram import app as telegram
from tests.bot.conftest import make_photo
from tests.bot.telegram.scenario import TelegramBot, running
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault

PHOTO = make_photo(640, 480, quality=60)


@pytest.mark.parametrize(
    "path",
    [
        "{elsewhere}/photo.jpg",
        "//{elsewhere_host}/photo.jpg",
        "file:///etc/passwd",
        "/etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "../../../bot{token}/getMe",
        "photos/../../secret",
        "photos/./file_1.jpg",
        "photos//file_1.jpg",
        "photos\\..\\file_1.jpg",
        "photos/file_1.jpg\r\nHost: elsewhere",
        "",
        None,
    ],
)
async def test_a_file_that_is_said_to_be_elsewhere_is_not_fetched(
    sandbox: TelegramSandbox, bot: TelegramBot, path: str | None
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    if path is not None:
        path = path.format(
            elsewhere=sandbox.elsewhere_url,
            elsewhere_host=sandbox.elsewhere_url.removeprefix("http://"),
            token=sandbox.world.token,
        )
    sandbox.faults.add(Fault("getFile", result={"file_id": "F", "file_unique_id": "U", "file_path": path}))
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [messages.NOT_FETCHED]
    assert not sandbox.world.downloads
    assert not sandbox.server.strays


@pytest.mark.parametrize("path", ["@{host}/photo.jpg", "photo.jpg?@{host}", "photo.jpg#@{host}", "%2e%2e/%2e%2e/getMe"])
async def test_a_strange_name_stays_a_name_below_the_file_host(
    sandbox: TelegramSandbox, bot: TelegramBot, path: str
) -> None:
    sandbox.send_photo(sandbox.private(), PHOTO)
    path = path.format(host=sandbox.elsewhere_url.removeprefix("http://"))
    sandbox.faults.add(Fault("getFile", result={"file_id": "F", "file_unique_id": "U", "file_path": path}))
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    assert [(download.path, download.status) for download in sandbox.world.downloads] == [(path, 404)]
    assert not sandbox.server.strays


async def test_a_file_on_this_machine_is_not_read(sandbox: TelegramSandbox, bot: TelegramBot, tmp_path: Path) -> None:
    local = tmp_path / "photo.jpg"
    local.write_bytes(PHOTO)
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(Fault("getFile", result={"file_id": "F", "file_unique_id": "U", "file_path": str(local)}))
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [messages.NOT_FETCHED]


async def test_a_redirect_is_not_followed(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(Fault("download", redirect=f"{sandbox.elsewhere_url}/photo.jpg"))
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [messages.NOT_FETCHED]
    assert not sandbox.server.strays


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Every line of every logger, as plain text with tracebacks."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


async def test_the_token_is_in_no_log_line_and_no_error(
    settings: BotSettings, sandbox: TelegramSandbox, everything_logged: io.StringIO
) -> None:
    faults = [
        *(Fault(where, **what) for where in ("getMe", "getFile", "download", "sendMessage")
          for what in ({"status": 401}, {"status": 404}, {"status": 502}, {"reset": True})),
        Fault("download", redirect=sandbox.elsewhere_url),
        Fault("getFile", result={"file_id": "F", "file_unique_id": "U", "file_path": "../x"}),
    ]  # fmt: skip
    sandbox.send_photo(sandbox.private(), PHOTO)
    for fault in [None, *faults]:
        sandbox.faults.clear()
        if fault:
            sandbox.faults.add(fault)
        async with running(settings, sandbox) as bot:
            try:
                await telegram.dispatch(bot.app, sandbox.updates[0])
            except TryAgain:
                logging.getLogger("test").exception("handed back")
    # With a token that is not Telegram's, too: the framework's own error quotes it.
    sandbox.world.token = "987654321:AAHanother_token_0123456789abcdef"
    async with running(settings, sandbox) as bot:
        sandbox.world.token = "123456789:AAHanother_token_0123456789abcdef"
        with suppress(TryAgain):
            await telegram.dispatch(bot.app, sandbox.updates[0])
    lines = everything_logged.getvalue()
    assert "handed back" in lines
    for token in ("AAHsandbox_of_the_tests", "AAHanother_token"):
        assert token not in lines
    assert "/file/bot" not in lines


async def test_an_update_that_cannot_be_read_is_given_up_and_says_nothing(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    update = sandbox.happen({"message": {"message_id": 1, "date": 0, "chat": {"id": 1}, "text": "/start"}})
    with pytest.raises(GiveUp):
        await telegram.dispatch(bot.app, update)
    assert not sandbox.world.sent


async def test_a_photo_in_reply_to_something_unreadable_is_answered_all_the_same(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    chat = sandbox.private()
    poll = sandbox.say(chat, "") | {"poll": {"id": "1", "of": "a Bot API to come"}, "gift": 3}
    photo = sandbox.send_photo(chat, PHOTO, reply_to=poll)
    await bot.work()
    assert [sent.text[:12] for sent in sandbox.replies(photo)] == ["A photo like"]
