"""Secrets by name: `SLACK_BOT_TOKEN_PARAMETER=/captionbot/slack-bot-token` instead of the token itself.

`…_PARAMETER` names one in SSM Parameter Store, `…_SECRET` one in Secrets Manager. They are fetched when the settings
are read, which a process does once.
"""

import os
from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from inference.settings import SettingsError

AT_ONCE = 10  # parameters in one call, by the API's limit


class NamedSecrets(PydanticBaseSettingsSource):
    """The settings source for secrets that have a name in the environment and no value of their own."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 (pydantic's)
        """Nothing is looked up field by field: one call fetches several."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Fetch what is named; a value that is set otherwise wins. Raises SettingsError."""
        secrets = [
            name
            for name, field in self.settings_cls.model_fields.items()
            if "SecretStr" in str(field.annotation) and name not in self.current_state
        ]
        parameters = _named(secrets, "PARAMETER")
        others = _named((name for name in secrets if name not in parameters), "SECRET")
        if not parameters and not others:
            return {}
        return _parameters(parameters) | {name: _secret(name, place) for name, place in others.items()}


def _named(secrets: Iterable[str], kind: str) -> dict[str, str]:
    found = {name: os.environ.get(f"{name.upper()}_{kind}", "") for name in secrets}
    return {name: place for name, place in found.items() if place}


def _parameters(places: dict[str, str]) -> dict[str, SecretStr]:
    values: dict[str, str] = {}
    wanted = sorted(set(places.values()))
    for start in range(0, len(wanted), AT_ONCE):
        names = wanted[start : start + AT_ONCE]
        settings = [f"{name.upper()}_PARAMETER" for name, place in places.items() if place in names]
        answer = _call(settings, "ssm", "GetParameters", {"Names": names, "WithDecryption": True})
        # A parameter that is named by its ARN is answered under its name.
        for found in answer["Parameters"]:
            values |= {found["Name"]: found["Value"], found.get("ARN", ""): found["Value"]}
    return {name: _value(f"{name.upper()}_PARAMETER", place, values.get(place)) for name, place in places.items()}


def _secret(name: str, place: str) -> SecretStr:
    setting = f"{name.upper()}_SECRET"
    answer = _call([setting], "secretsmanager", "GetSecretValue", {"SecretId": place})
    return _value(setting, place, answer.get("SecretString"))


def _value(setting: str, place: str, value: str | None) -> SecretStr:
    # What was put there from a file may end with a line feed.
    stripped = (value or "").strip()
    if not stripped:
        raise SettingsError(f"{setting}: there is no text under {place} in this account and region.")
    return SecretStr(stripped)


def _call(settings: list[str], service: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    try:
        from bot import aws
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"{settings[0]} needs {missing.name}: pip install 'captionbot[aws]', or set the secret itself."
        ) from None
    try:
        return aws.call(service, action, payload)
    except aws.AwsError as error:
        raise SettingsError(f"{', '.join(settings)}: {_why(service, error.code)} ({error})") from None


def _why(service: str, code: str) -> str:
    if code == "ResourceNotFoundException":
        return "there is no secret of that name in this account and region"
    if code == "AccessDeniedException":
        action = "ssm:GetParameters" if service == "ssm" else "secretsmanager:GetSecretValue"
        return f"the role may not read it; allow it {action}, and kms:Decrypt where the key is your own"
    return "AWS did not give it out"
