"""Settings come from the environment, once, and say what is wrong with them."""

from pathlib import Path

import pytest

from bot.settings import BotSettings
from common.settings import SettingsError, read_settings


def test_nothing_is_needed_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "")
    settings = read_settings(BotSettings)
    assert settings.slack_bot_token is None
    assert settings.inference_url == "http://127.0.0.1:8000"


def test_a_malformed_setting_is_named_and_its_value_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLY_IN_GROUPS", "sometimes-xoxb")
    with pytest.raises(SettingsError) as error:
        read_settings(BotSettings)
    assert "REPLY_IN_GROUPS" in str(error.value)
    assert "xoxb" not in str(error.value)


def test_a_file_host_is_a_whole_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_FILES_URL", "https://files.slack.com")
    # "https://files.slack.com.example.org/" does not start with it.
    assert read_settings(BotSettings).slack_files_url == "https://files.slack.com/"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret")
    monkeypatch.setenv("INBOX_URL", "postgresql://bot:password@db/inbox")
    settings = read_settings(BotSettings)
    assert "123:secret" not in repr(settings)
    assert "password" not in repr(settings)
    assert {secret.reveal() for secret in settings.secrets} >= {
        "123:secret",
        "postgresql://bot:password@db/inbox",
    }


def test_an_env_file_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SLACK_BOT_TOKEN=xoxb-\xff\xfe")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"\.env in this folder is not UTF-8"):
        read_settings(BotSettings)


def test_the_endpoints_address_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFERENCE_URL", "http://bot:hush@captions.example:8000/v1")
    assert read_settings(BotSettings).inference_address == "http://captions.example:8000/v1"
