"""`captionbot doctor` and what is wrong with Slack."""

import pytest

from tests.cli.doctor.conftest import STAND_IN, Machine
from tests.sandbox.slack import APP_TOKEN
from tests.sandbox.slack_faults import Status as SlackStatus


@pytest.mark.parametrize(
    ("name", "value", "subject", "sentence"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-0123456789-of-somebody-else", "bot token", "(invalid_auth)"),
        ("SLACK_BOT_TOKEN", APP_TOKEN, "bot token", "that is SLACK_APP_TOKEN"),
        ("SLACK_BOT_TOKEN", "", "bot token", "is not set"),
        ("SLACK_APP_TOKEN", "xapp-0123456789-of-somebody-else", "app token", "(invalid_auth)"),
        ("SLACK_SIGNING_SECRET", "a password", "signing secret", "32 letters and digits"),
        ("SLACK_API_URL", f"{STAND_IN}/api/", "bot token", "cannot be reached"),
    ],
)
def test_a_wrong_slack_setting_is_told(machine: Machine, name: str, value: str, subject: str, sentence: str) -> None:
    machine.environment[name] = value
    status, findings = machine.json()
    assert status == 1
    assert sentence in findings[subject]["text"]
    assert findings[subject]["remedy"]
    assert findings["token"]["status"] == "ok"  # Telegram's


def test_a_missing_scope_is_named(machine: Machine) -> None:
    machine.slack.credentials.scopes -= {"files:read", "im:history"}
    status, findings = machine.json()
    assert status == 1
    assert findings["scopes"]["text"] == "missing: files:read, im:history"
    assert "reinstall" in findings["scopes"]["remedy"]


def test_a_bot_that_its_own_allow_list_shuts_out_is_told(machine: Machine) -> None:
    machine.environment["ALLOWED_SLACK_TEAMS"] = "T0ANOTHER"
    status, findings = machine.json()
    assert status == 1
    assert "Add T0SANDBOX to it" in findings["bot token"]["remedy"]


def test_a_bot_that_events_have_no_way_to_is_told(machine: Machine) -> None:
    del machine.environment["SLACK_APP_TOKEN"], machine.environment["SLACK_SIGNING_SECRET"]
    status, findings = machine.json()
    assert status == 1
    assert "no event can come" in findings["events"]["text"]


def test_a_slack_that_is_busy_is_no_failure_of_the_bots(machine: Machine) -> None:
    machine.slack.faults.add("auth.test", SlackStatus(429, retry_after=1))
    status, findings = machine.json()
    assert status == 0
    assert findings["bot token"]["status"] == "note"
