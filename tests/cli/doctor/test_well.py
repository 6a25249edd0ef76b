"""`captionbot doctor` where all is well."""

from tests.cli.doctor.conftest import Machine


def test_where_all_is_well_each_line_is_ok_and_the_status_is_0(machine: Machine) -> None:
    status, screen = machine.doctor()
    assert status == 0, screen
    assert "All is well." in screen
    assert "captionbot in the workspace Sandbox" in screen
    assert "@captions_sandbox_bot" in screen
    assert "a photo like" in screen  # the caption of the sample
    assert "wrong" not in screen


def test_json_tells_the_same_to_a_program(machine: Machine) -> None:
    status, findings = machine.json()
    assert status == 0
    assert findings["bot token"] == {
        "area": "Slack",
        "status": "ok",
        "subject": "bot token",
        "text": "captionbot in the workspace Sandbox",
        "remedy": "",
    }
    assert {finding["area"] for finding in findings.values()} == {
        *("Settings", "Machine", "Model", "Endpoint", "Slack", "Telegram", "Inbox", "Clock"),
    }


def test_a_platform_that_nobody_set_up_is_no_failure(machine: Machine) -> None:
    machine.environment = {
        name: value for name, value in machine.environment.items() if not name.startswith(("SLACK_", "TELEGRAM_"))
    }
    status, screen = machine.doctor()
    assert status == 0, screen
    assert screen.count("not set up") == 3  # Slack, Telegram, and no clock to compare with
    assert "captionbot init" in screen


def test_looking_leaves_no_trace(machine: Machine) -> None:
    machine.doctor()
    assert not list(machine.folder.iterdir())
    assert not machine.slack.socket.opened
    assert not machine.slack.posted
