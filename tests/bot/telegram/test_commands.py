"""`captionbot telegram`: what an operator types, and what Telegram then knows."""

import logging

import pytest
from click.testing import CliRunner, Result

from bot.telegram.updates import ALLOWED_UPDATES
from cli.main import main
from tests.sandbox.telegram import WEBHOOK_SECRET, TelegramSandbox
from tests.sandbox.telegram_faults import Fault


def run(sandbox: TelegramSandbox, *words: str, **environment: str | None) -> Result:
    return CliRunner().invoke(main, ["telegram", *words], env=sandbox.environment | environment)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("nothing here"))
    # A command sends all logs to a stderr that is gone after it.
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers[:])


def test_setting_a_webhook_tells_telegram_where_how_and_what(sandbox: TelegramSandbox) -> None:
    result = run(sandbox, "set-webhook", "https://bot.example.org")
    assert result.exit_code == 0
    assert "https://bot.example.org/telegram/webhook from now on" in result.output
    assert sandbox.webhook.url == "https://bot.example.org/telegram/webhook"
    assert sandbox.webhook.secret == WEBHOOK_SECRET
    assert sandbox.world.allowed_updates == list(ALLOWED_UPDATES)
    assert [entry["command"] for entry in sandbox.world.commands] == ["caption", "help"]


def test_a_path_of_ones_own_is_kept(sandbox: TelegramSandbox) -> None:
    run(sandbox, "set-webhook", "https://bot.example.org/behind/a/proxy")
    assert sandbox.webhook.url == "https://bot.example.org/behind/a/proxy"


@pytest.mark.parametrize("url", ["http://bot.example.org", "bot.example.org", "ftp://bot.example.org", "https://"])
def test_an_address_that_telegram_would_not_take_is_refused_here(sandbox: TelegramSandbox, url: str) -> None:
    result = run(sandbox, "set-webhook", url)
    assert result.exit_code == 1
    assert "https" in result.output
    assert not sandbox.world.calls


@pytest.mark.parametrize(
    ("secret", "status", "sentence"),
    [
        (None, 1, "openssl rand -hex 32"),
        ("with a space", 1, "openssl rand -hex 32"),
        ("ä", 2, "TELEGRAM_WEBHOOK_SECRET has a character that no key has"),
        ("x" * 257, 1, "openssl rand -hex 32"),
    ],
)
def test_a_secret_that_cannot_be_one_is_explained_and_not_shown(
    sandbox: TelegramSandbox, secret: str | None, status: int, sentence: str
) -> None:
    result = run(sandbox, "set-webhook", "https://bot.example.org", TELEGRAM_WEBHOOK_SECRET=secret)
    assert result.exit_code == status
    assert sentence in result.output
    assert secret is None or secret not in result.output
    assert not sandbox.world.calls


def test_what_telegram_refuses_is_passed_on(sandbox: TelegramSandbox) -> None:
    result = run(sandbox, "set-webhook", "https://bot.example.org:8080")
    assert result.exit_code == 1
    assert "only on ports 80, 88, 443 or 8443" in result.output


def test_deleting_the_webhook_lets_the_bot_poll(sandbox: TelegramSandbox) -> None:
    sandbox.set_webhook("https://bot.example.org/telegram/webhook")
    result = run(sandbox, "delete-webhook")
    assert result.exit_code == 0
    assert "captionbot run" in result.output
    assert sandbox.webhook.url == ""


def test_the_webhooks_state_is_shown(sandbox: TelegramSandbox) -> None:
    assert "none" in run(sandbox, "webhook-info").output
    sandbox.set_webhook("http://127.0.0.1:9/telegram/webhook")
    sandbox.say(sandbox.private(), "hello")
    sandbox.wait_until(lambda: sandbox.webhook.last_error)
    output = run(sandbox, "webhook-info").output
    assert "http://127.0.0.1:9/telegram/webhook" in output
    assert "Updates that wait: 1" in output
    assert "Webhook connection closed" in output


@pytest.mark.parametrize(
    ("environment", "fault", "status", "sentence"),
    [
        ({"TELEGRAM_BOT_TOKEN": None}, None, 2, "TELEGRAM_BOT_TOKEN is not set"),
        (
            {"TELEGRAM_BOT_TOKEN": "123456789:AAHanother_token_0123456789abcdef"},
            None,
            2,
            "copy it again from @BotFather",
        ),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, None, 1, "http://127.0.0.1:9 cannot be reached"),
        ({}, Fault("deleteWebhook", reset=True), 1, "cannot be reached"),
        ({}, Fault("deleteWebhook", status=429, retry_after=5), 1, "Too Many Requests: retry after 5"),
    ],
)
def test_what_goes_wrong_is_a_sentence(
    sandbox: TelegramSandbox, environment: dict[str, str | None], fault: Fault | None, status: int, sentence: str
) -> None:
    if fault:
        sandbox.faults.add(fault)
    result = run(sandbox, "delete-webhook", **environment)
    assert result.exit_code == status
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert "AAH" not in result.output
