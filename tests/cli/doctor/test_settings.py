"""`captionbot doctor` and wrong settings."""

from tests.cli.doctor.conftest import Machine


def test_a_malformed_setting_is_named_without_its_value(machine: Machine) -> None:
    machine.environment["PHOTOS_PER_MINUTE"] = "xoxb-pasted-in-the-wrong-line"
    status, screen = machine.doctor()
    assert status == 1
    assert "PHOTOS_PER_MINUTE" in screen
    assert "xoxb" not in screen


def test_an_env_file_that_others_can_read_and_a_misspelt_name_in_it_are_told(machine: Machine) -> None:
    file = machine.folder / ".env"
    file.write_text("SLACK_BOT_TOKN=x\nMY_OWN_THING=1\n")
    file.chmod(0o644)
    status, screen = machine.doctor()
    assert status == 0
    assert "chmod 600 .env" in screen
    assert "If you meant SLACK_BOT_TOKEN, rename it" in screen
    assert "MY_OWN_THING" not in screen


def test_an_env_file_that_is_no_text_is_told_once(machine: Machine) -> None:
    (machine.folder / ".env").write_bytes(b"SLACK_BOT_TOKEN=xoxb-\xff\xfe")
    status, screen = machine.doctor()
    assert status == 1
    assert screen.count("not UTF-8 text") == 1
    assert "One thing is wrong" in screen
