"""Secrets by name: `SLACK_BOT_TOKEN_PARAMETER=/captionbot/slack-bot-token` instead of the token itself.

`…_PARAMETER` names one in SSM Parameter Store, `…_SECRET` one in Secrets Manager. They are fetched when the settings
are read, which a process does once.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from common.installation import remedy
from common.settings import SettingsError

AT_ONCE = 10  # parameters in one call, by the API's limit


def fetch(names: Sequence[str]) -> dict[str, str]:
    """Fetch those of these settings that have a name in the environment. Raises SettingsError."""
    parameters = _named(names, "PARAMETER")
    others = _named((name for name in names if name not in parameters), "SECRET")
    return _parameters(parameters) | {name: _secret(name, place) for name, place in others.items()}


def _named(secrets: Iterable[str], kind: str) -> dict[str, str]:
    found = {name: os.environ.get(f"{name.upper()}_{kind}", "") for name in secrets}
    return {name: place for name, place in found.items() if place}


def _parameters(places: dict[str, str]) -> dict[str, str]:
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


def _secret(name: str, place: str) -> str:
    setting = f"{name.upper()}_SECRET"
    answer = _call([setting], "secretsmanager", "GetSecretValue", {"SecretId": place})
    return _value(setting, place, answer.get("SecretString"))


def _value(setting: str, place: str, value: str | None) -> str:
    # What was put there from a file may end with a line feed.
    stripped = (value or "").strip()
    if not stripped:
        raise SettingsError(f"{setting}: set {place}, under which there is no text in this account and region.")
    return stripped


def _call(settings: list[str], service: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    try:
        from common import aws
    except ModuleNotFoundError as missing:
        raise SettingsError(f"{settings[0]} needs {missing.name}: {remedy('aws')}; or set the secret itself.") from None
    try:
        return aws.call(service, action, payload)
    except aws.AwsError as error:
        raise SettingsError(f"{', '.join(settings)}: {_why(service, error.code)} ({error})") from None


def _why(service: str, code: str) -> str:
    if code == "ResourceNotFoundException":
        return "there is no secret of that name in this account and region"
    if code == "AccessDeniedException":
        action = "ssm:GetParameters" if service == "ssm" else "secretsmanager:GetSecretValue"
        return f"the role may not read it; allow it {action}, and encrypt it with AWS's own key (aws/{service})"
    return "AWS did not give it out"
