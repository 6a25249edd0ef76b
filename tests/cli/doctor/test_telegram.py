"""`captionbot doctor` and what is wrong with Telegram."""

import time

import pytest

from tests.cli.doctor.conftest import STAND_IN, Machine
from tests.sandbox.endpoint import Failure
from tests.sandbox.telegram_faults import Fault
from tests.sandbox.telegram_world import TOKEN


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TELEGRAM_BOT_TOKEN", TOKEN.replace("AAH", "BBH"), "Telegram does not know TELEGRAM_BOT_TOKEN"),
        ("TELEGRAM_BOT_TOKEN", "123456789", "does not look like"),
        ("TELEGRAM_BOT_TOKEN", "", "is not set"),
        ("TELEGRAM_API_URL", STAND_IN, "cannot be reached"),
    ],
)
def test_a_wrong_telegram_setting_is_told(machine: Machine, name: str, value: str, sentence: str) -> None:
    machine.environment[name] = value
    status, findings = machine.json()
    assert status == 1
    assert sentence in findings["token"]["text"]


def test_a_webhook_that_telegram_cannot_reach_is_told_with_telegrams_own_words(machine: Machine) -> None:
    machine.telegram.say(machine.telegram.private(), "hello")
    machine.telegram.wait_until(lambda: machine.telegram.webhook.last_error)
    status, findings = machine.json()
    assert status == 1
    assert "1 updates wait" in findings["webhook"]["text"]
    assert "Webhook connection closed" in findings["last error"]["text"]
    assert "captionbot webhooks" in findings["last error"]["remedy"]


def test_a_webhook_that_refuses_the_secret_is_told_apart(machine: Machine) -> None:
    machine.endpoint.failures += [Failure(401, "unauthorized")] * 1000  # a server that refuses everything
    machine.telegram.set_webhook(f"{machine.endpoint.url}/caption")
    machine.telegram.say(machine.telegram.private(), "hello")
    machine.telegram.wait_until(lambda: machine.telegram.webhook.last_error)
    _, findings = machine.json()
    assert "The secrets differ" in findings["last error"]["remedy"]


def test_an_error_that_has_passed_is_only_noted(machine: Machine) -> None:
    webhook = machine.telegram.webhook
    webhook.last_error, webhook.last_error_date = "Connection timed out", int(time.time()) - 7200
    status, findings = machine.json()
    assert status == 0
    assert findings["last error"]["text"].startswith("2 hours ago: Connection timed out")


def test_a_webhook_without_its_secret_is_told(machine: Machine) -> None:
    del machine.environment["TELEGRAM_WEBHOOK_SECRET"]
    status, findings = machine.json()
    assert status == 1
    assert "captionbot telegram set-webhook" in findings["webhook"]["remedy"]


def test_updates_that_nobody_asked_for_are_named(machine: Machine) -> None:
    machine.telegram.world.allowed_updates = ["message"]
    status, findings = machine.json()
    assert status == 1
    assert "channel_post, my_chat_member" in findings["updates"]["text"]


def test_privacy_mode_is_noted_unless_it_is_meant(machine: Machine) -> None:
    machine.telegram.world.reads_all_group_messages = False
    status, findings = machine.json()
    assert status == 0
    assert "/setprivacy" in findings["groups"]["remedy"]
    machine.environment["REPLY_IN_GROUPS"] = "mentioned"
    assert machine.json()[1]["groups"]["status"] == "ok"


def test_a_telegram_that_breaks_off_is_a_line(machine: Machine) -> None:
    machine.telegram.faults.add(Fault("getWebhookInfo", reset=True))
    status, findings = machine.json()
    assert status == 1
    assert findings["token"]["status"] == "ok"
    assert findings["webhook"]["status"] == "wrong"
