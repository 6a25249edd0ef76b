"""Connecting Slack: the app is made from our manifest, and its tokens are asked for."""

import re
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

import bot.slack
from bot.settings import BotSettings
from cli.doctor import slack as doctor
from cli.doctor.finding import Status, ok, wrong
from cli.init.prompts import Verdict, ask_secret, step
from common.settings import Secret

FOLDER = Path(bot.slack.__path__[0])
PLACEHOLDER = "https://captionbot.example.com"
LINE = "-" * 72


def connect(settings: BotSettings, known: Mapping[str, str], address: str | None) -> dict[str, str] | None:
    """Ask for what Slack needs, with a public `address` or without one; None when the person leaves Slack out."""
    step(1, f"Open {doctor.APPS}?new_app=1, choose “From a manifest”, pick your workspace, and paste this:")
    click.echo(f"{LINE}\n{manifest(address)}{LINE}")
    questions = [_signing_secret, _bot_token] if address else [_app_token, _bot_token]
    found: dict[str, str] = {}
    for ask in questions:
        answer = ask(settings, {**known, **found})
        if answer is None:
            return None
        found |= answer
    return found


def manifest(address: str | None) -> str:
    """Give the app's manifest without its comments: for events sent to `address`, or for Socket Mode."""
    text = (FOLDER / ("manifest-http.yaml" if address else "manifest-socket-mode.yaml")).read_text()
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("#")]
    return "".join(lines).replace(PLACEHOLDER, address or PLACEHOLDER)


def _app_token(settings: BotSettings, known: Mapping[str, str]) -> dict[str, str] | None:
    step(
        2,
        "Basic Information > App-Level Tokens > Generate Token and Scopes: any name, add connections:write, Generate.",
    )

    async def check(value: str) -> Verdict:
        asked = msgspec.structs.replace(settings, slack_app_token=Secret(value))
        try:
            await doctor.call(asked, "apps.connections.open", doctor.APP_TOKEN, Secret(value))
        except (doctor.Refused, doctor.Unreachable) as error:
            return _refusal(error, doctor.APP_TOKEN, asked)
        return Verdict(taken=True, findings=[ok("", "Slack lets it open a Socket Mode connection")])

    return _asked(doctor.APP_TOKEN, "xapp-…", known, check)


def _signing_secret(settings: BotSettings, known: Mapping[str, str]) -> dict[str, str] | None:  # noqa: ARG001 (all questions are asked alike)
    # Slack has no method that would tell whether a signing secret is right.
    step(2, "Basic Information > App Credentials > Signing Secret > Show.")

    async def check(value: str) -> Verdict:
        problem = doctor.malformed(doctor.SECRET, value)
        finding = wrong("", problem, doctor.WHERE[doctor.SECRET]) if problem else ok("", "it has the right form")
        return Verdict(taken=not problem, findings=[finding])

    return _asked(doctor.SECRET, "32 letters and digits", known, check)


def _bot_token(settings: BotSettings, known: Mapping[str, str]) -> dict[str, str] | None:
    step(3, f"{_install_page(known)} > Install to Workspace, then copy the Bot User OAuth Token.")

    async def check(value: str) -> Verdict:
        asked = msgspec.structs.replace(settings, slack_bot_token=Secret(value))
        try:
            answer, headers = await doctor.call(asked, "auth.test", doctor.BOT_TOKEN, Secret(value))
        except (doctor.Refused, doctor.Unreachable) as error:
            return _refusal(error, doctor.BOT_TOKEN, asked)
        who = ok("", f"this is {answer.get('user')} in the workspace {answer.get('team')}")
        scopes = doctor.scopes(headers.get("x-oauth-scopes"))
        # A token keeps its name when the app is reinstalled with more scopes: there is no need to ask again.
        return Verdict(taken=True, findings=[who] if scopes.status is Status.OK else [who, scopes])

    return _asked(doctor.BOT_TOKEN, "xoxb-…", known, check)


def _install_page(known: Mapping[str, str]) -> str:
    """Name the page that installs the app: an app-level token contains the app's id."""
    app = re.match(r"xapp-\d-(A[0-9A-Z]+)-", known.get(doctor.APP_TOKEN, ""))
    return f"{doctor.APPS}/{app[1]}/install-on-team" if app else "Install App"


def _asked(
    name: str, what: str, known: Mapping[str, str], check: Callable[[str], Coroutine[Any, Any, Verdict]]
) -> dict[str, str] | None:
    value = ask_secret(name, what, known.get(name), check, "Slack")
    return None if value is None else {name: value}


def _refusal(error: doctor.Refused | doctor.Unreachable, name: str, settings: BotSettings) -> Verdict:
    unknown = isinstance(error, doctor.Unreachable)
    return Verdict(taken=None if unknown else False, findings=[doctor.failed("", error, name, settings)])
