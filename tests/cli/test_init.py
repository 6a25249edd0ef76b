"""`captionbot init`, as a person at a terminal goes through it: right tokens, wrong ones, and second thoughts."""

import stat
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from bot.settings import BotSettings
from common.installation import remedy
from common.settings import read_settings
from tests.cli.terminal import ROOT, Terminal, terminal
from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_world import TOKEN

PUBLIC, SLACK, TELEGRAM = "public https address?", "Connect Slack?", "Connect Telegram?"
SECRETS = (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, TOKEN)


@pytest.fixture
def world(slack: SlackSandbox, sandbox: TelegramSandbox) -> dict[str, str]:
    """Where Slack and Telegram are, and nothing else."""
    return {"SLACK_API_URL": slack.api_url, "TELEGRAM_API_URL": sandbox.url}


def init(folder: Path, world: Mapping[str, str]) -> AbstractContextManager[Terminal]:
    return terminal(folder, world, "init")


def written(folder: Path) -> dict[str, str | None]:
    return dict(dotenv_values(folder / ".env"))


def test_both_platforms_without_a_public_address(tmp_path: Path, world: dict[str, str]) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK)
        person.wait_for("https://api.slack.com/apps?new_app=1")
        person.answer("SLACK_APP_TOKEN", APP_TOKEN)
        person.wait_for("https://api.slack.com/apps/A0SANDBOX/install-on-team")
        person.answer("SLACK_BOT_TOKEN", BOT_TOKEN)
        person.wait_for("this is captionbot in the workspace Sandbox")
        person.answer(TELEGRAM)
        person.wait_for("https://t.me/BotFather")
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN)
        person.wait_for("this is @captions_sandbox_bot")
        person.wait_for("captionbot run")
        assert person.end() == 0
        assert not [secret for secret in SECRETS if secret in person.screen]
    wanted = {"SLACK_APP_TOKEN": APP_TOKEN, "SLACK_BOT_TOKEN": BOT_TOKEN, "TELEGRAM_BOT_TOKEN": TOKEN}
    assert written(tmp_path) == wanted
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_with_a_public_address_the_manifest_names_it_and_a_webhook_secret_is_made(
    tmp_path: Path, world: dict[str, str]
) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC, "y")
        person.answer("Its address", "http://bot.example.org")
        person.answer("Its address", "https://bot.example.org/")
        person.answer(SLACK)
        person.answer("SLACK_SIGNING_SECRET", "too short")
        person.answer("SLACK_SIGNING_SECRET", SIGNING_SECRET)
        person.answer("SLACK_BOT_TOKEN", BOT_TOKEN)
        person.answer(TELEGRAM)
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN)
        person.wait_for("captionbot telegram set-webhook https://bot.example.org")
        assert person.end() == 0
        screen = person.screen
    manifest = yaml.safe_load(screen.split("-" * 72)[1])
    assert manifest["settings"]["event_subscriptions"]["request_url"] == "https://bot.example.org/slack/events"
    secret = written(tmp_path)["TELEGRAM_WEBHOOK_SECRET"]
    assert secret is not None and len(secret) == 64
    assert not [hidden for hidden in (*SECRETS, secret) if hidden in screen]


def test_the_manifest_without_a_public_address_is_the_socket_mode_one(tmp_path: Path, world: dict[str, str]) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK)
        person.answer("SLACK_APP_TOKEN")
        person.answer(TELEGRAM, "n")
        person.wait_for("Nothing was written")
        assert person.end() == 0
        manifest = yaml.safe_load(person.screen.split("-" * 72)[1])
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (BOT_TOKEN, "that is SLACK_BOT_TOKEN"),
        ("nonsense", "does not start with xapp-"),
        ("xapp-1-A0123456789-0123456789-of-somebody-else", "Slack does not take SLACK_APP_TOKEN (invalid_auth)"),
    ],
)
def test_a_wrong_slack_token_is_explained_and_asked_for_again(
    tmp_path: Path, world: dict[str, str], typed: str, sentence: str
) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK)
        person.answer("SLACK_APP_TOKEN", typed)
        person.wait_for(sentence)
        person.wait_for("connections:write")
        person.answer("SLACK_APP_TOKEN", f" {APP_TOKEN} ")
        person.answer("SLACK_BOT_TOKEN", BOT_TOKEN)
        person.answer(TELEGRAM, "n")
        assert person.end() == 0
        assert typed not in person.screen
    assert written(tmp_path)["SLACK_APP_TOKEN"] == APP_TOKEN


def test_a_wrong_telegram_token_is_explained_and_asked_for_again(tmp_path: Path, world: dict[str, str]) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK, "n")
        person.answer(TELEGRAM)
        person.answer("TELEGRAM_BOT_TOKEN", "123456789")
        person.wait_for("does not look like")
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN.replace("AAH", "BBH"))
        person.wait_for("Telegram does not know this TELEGRAM_BOT_TOKEN")
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN)
        assert person.end() == 0
    assert written(tmp_path) == {"TELEGRAM_BOT_TOKEN": TOKEN}


def test_a_missing_scope_is_told_with_the_page_that_adds_it(
    tmp_path: Path, world: dict[str, str], slack: SlackSandbox
) -> None:
    slack.credentials.scopes -= {"files:read"}
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK)
        person.answer("SLACK_APP_TOKEN", APP_TOKEN)
        person.answer("SLACK_BOT_TOKEN", BOT_TOKEN)
        person.wait_for("missing: files:read")
        person.wait_for("reinstall")
        person.answer(TELEGRAM, "n")
        assert person.end() == 0


def test_privacy_mode_is_mentioned_while_one_talks_to_botfather_anyway(
    tmp_path: Path, world: dict[str, str], sandbox: TelegramSandbox
) -> None:
    sandbox.world.reads_all_group_messages = False
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK, "n")
        person.answer(TELEGRAM)
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN)
        person.wait_for("/setprivacy")
        assert person.end() == 0


def test_where_slack_cannot_be_reached_a_token_can_be_kept_unchecked(tmp_path: Path, world: dict[str, str]) -> None:
    with init(tmp_path, {**world, "SLACK_API_URL": "http://127.0.0.1:9/api/"}) as person:
        person.answer(PUBLIC)
        person.answer(SLACK)
        person.answer("SLACK_APP_TOKEN", APP_TOKEN)
        person.wait_for("http://127.0.0.1:9/api/ cannot be reached")
        person.answer("Keep it unchecked?")
        person.answer("SLACK_APP_TOKEN", APP_TOKEN)
        person.answer("Keep it unchecked?", "y")
        person.answer("SLACK_BOT_TOKEN", BOT_TOKEN)
        person.answer("Keep it unchecked?", "y")
        person.answer(TELEGRAM, "n")
        assert person.end() == 0
    assert written(tmp_path) == {"SLACK_APP_TOKEN": APP_TOKEN, "SLACK_BOT_TOKEN": BOT_TOKEN}


BEFORE = """# my own notes

export TELEGRAM_BOT_TOKEN='old'   # of last year
SOMETHING_ELSE="two words"
CAPTION_DEADLINE=30"""


def test_a_file_that_is_there_keeps_its_other_lines_and_is_changed_only_after_asking(
    tmp_path: Path, world: dict[str, str]
) -> None:
    (tmp_path / ".env").write_text(BEFORE)
    for agreed in ("n", "y"):
        with init(tmp_path, world) as person:
            person.answer(PUBLIC)
            person.answer(SLACK, "n")
            person.answer(TELEGRAM)
            person.answer("Enter keeps the one that is there", TOKEN)
            person.answer("Replaced: TELEGRAM_BOT_TOKEN", agreed)
            assert person.end() == 0
        if agreed == "n":
            assert (tmp_path / ".env").read_text() == BEFORE
    after = (tmp_path / ".env").read_text().splitlines()
    assert after == [
        "# my own notes",
        "",
        f"TELEGRAM_BOT_TOKEN={TOKEN}",
        'SOMETHING_ELSE="two words"',
        "CAPTION_DEADLINE=30",
    ]
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_a_token_that_is_there_already_is_kept_with_enter_and_checked(tmp_path: Path, world: dict[str, str]) -> None:
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\n")
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK, "n")
        person.answer(TELEGRAM)
        person.answer("Enter keeps the one that is there")
        person.wait_for("this is @captions_sandbox_bot")
        person.wait_for("says all of this already")
        assert person.end() == 0


def test_stopping_in_the_middle_leaves_nothing_half_written(tmp_path: Path, world: dict[str, str]) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK)
        person.answer("SLACK_APP_TOKEN", APP_TOKEN)
        person.wait_for("SLACK_BOT_TOKEN")
        person.wait_for(": ")
        person.interrupt()
        person.wait_for("stopped; nothing was written")
        assert person.end() == 1
    assert not list(tmp_path.iterdir())


def test_an_environment_that_would_win_over_the_file_is_told(tmp_path: Path, world: dict[str, str]) -> None:
    with init(tmp_path, {**world, "TELEGRAM_BOT_TOKEN": "1:of-another-bot"}) as person:
        person.answer(PUBLIC)
        person.answer(SLACK, "n")
        person.answer(TELEGRAM)
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN)
        person.wait_for("unset TELEGRAM_BOT_TOKEN")
        assert person.end() == 0


def test_without_the_packages_that_talk_to_slack_it_says_which_extra_to_install(
    tmp_path: Path, world: dict[str, str]
) -> None:
    (tmp_path / "httpx.py").write_text("raise ModuleNotFoundError('no httpx', name='httpx')")
    with init(tmp_path, {**world, "PYTHONPATH": f"{tmp_path}:{ROOT}"}) as person:
        person.wait_for(f"`captionbot init` needs httpx: {remedy('bot')}")
        assert person.end() == 1


@pytest.mark.parametrize(("content", "code"), [(b"TELEGRAM_BOT_TOKEN=\xff\xfe", 1), (b"PHOTOS_PER_MINUTE=many\n", 2)])
def test_a_file_that_cannot_be_read_is_left_as_it_is(
    tmp_path: Path, world: dict[str, str], content: bytes, code: int
) -> None:
    (tmp_path / ".env").write_bytes(content)
    with init(tmp_path, world) as person:
        assert person.end() == code
    assert (tmp_path / ".env").read_bytes() == content


def test_what_it_writes_is_what_the_program_reads(
    tmp_path: Path, world: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with init(tmp_path, world) as person:
        person.answer(PUBLIC)
        person.answer(SLACK, "n")
        person.answer(TELEGRAM)
        person.answer("TELEGRAM_BOT_TOKEN", TOKEN)
        assert person.end() == 0
    monkeypatch.chdir(tmp_path)
    from_file = read_settings(BotSettings).telegram_bot_token
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:of-the-environment")
    from_environment = read_settings(BotSettings).telegram_bot_token
    assert from_file is not None and from_file.reveal() == TOKEN
    assert from_environment is not None and from_environment.reveal() == "1:of-the-environment"
