"""The endpoint's settings: what is taken, and what a person is told about what is not."""

import pytest

from common.settings import Secret, SettingsError, read_settings
from inference.settings import InferenceSettings


def test_settings_come_from_the_environment_and_from_a_file_which_it_overrides(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("here")
    (folder / ".env").write_text(
        'CAPTION_MODEL="from the file"\nCAPTION_DEADLINE=7.5\ncaption_concurrency=2\nOTHER=1\n'
    )
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CAPTION_DEADLINE", " 9 ")
    monkeypatch.setenv("CAPTION_MODEL", " ")  # as good as not set
    settings = read_settings(InferenceSettings)
    assert (settings.caption_model, settings.caption_deadline, settings.caption_concurrency) == (
        "from the file",
        9.0,
        2,
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CAPTION_ENGINE", "tensorflow", "CAPTION_ENGINE should be `onnx` or `torch`."),
        ("CAPTION_DEADLINE", "0", "CAPTION_DEADLINE should be a number over 0 up to 900."),
        ("CAPTION_DEADLINE", "nan", "CAPTION_DEADLINE should be a number over 0 up to 900."),
        ("CAPTION_CONCURRENCY", "1.5", "CAPTION_CONCURRENCY should be a whole number from 1 up to 64."),
        ("CAPTION_CONCURRENCY", "many", "CAPTION_CONCURRENCY should be a whole number from 1 up to 64."),
    ],
)
def test_a_malformed_setting_is_told_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        read_settings(InferenceSettings)
    assert str(error.value) == sentence


def test_every_malformed_setting_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPTION_ENGINE", "no")
    monkeypatch.setenv("MAX_IMAGE_BYTES", "-1")
    with pytest.raises(SettingsError) as error:
        read_settings(InferenceSettings)
    assert [line.split()[0] for line in str(error.value).splitlines()] == ["CAPTION_ENGINE", "MAX_IMAGE_BYTES"]


def test_a_secret_shows_only_where_it_is_asked_for() -> None:
    key = InferenceSettings(inference_api_key=Secret("hush")).inference_api_key
    assert key is not None
    assert key.reveal() == "hush"
    assert "hush" not in f"{key} {key!r} {[key]}"
