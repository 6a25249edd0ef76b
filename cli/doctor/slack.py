"""Slack: the tokens, what they may do, and whether events arrive."""

import re
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

import bot.slack
from bot.settings import BotSettings
from cli.doctor.finding import Finding, absent, note, ok, wrong
from common.proxies import direct
from common.settings import Secret

MANIFEST: Final = Path(bot.slack.__path__[0]) / "manifest-http.yaml"
APPS: Final = "https://api.slack.com/apps"
BOT_TOKEN, APP_TOKEN, SECRET = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"
WHERE: Final = {
    BOT_TOKEN: f"Copy the Bot User OAuth Token (xoxb-…) again: {APPS} > your app > Install App.",
    APP_TOKEN: f"Make one with the scope connections:write: {APPS} > your app > Basic Information > App-Level Tokens.",
    SECRET: f"Copy the Signing Secret: {APPS} > your app > Basic Information > App Credentials.",
}
PREFIXES: Final = {BOT_TOKEN: "xoxb-", APP_TOKEN: "xapp-"}


class Refused(Exception):
    """Slack's answer is no; the text is its error code."""


class Unreachable(Exception):
    """There was no proper answer; the text says how."""


async def check_slack(settings: BotSettings) -> list[Finding]:
    """Look at the bot token, its scopes, and the way in which events come."""
    if settings.slack_bot_token is None and settings.slack_app_token is None and settings.slack_signing_secret is None:
        return [absent("no SLACK_… setting is there", "captionbot init")]
    findings = await check_bot_token(settings)
    if settings.slack_app_token is not None:
        findings.append(await check_app_token(settings))
    if settings.slack_signing_secret is not None:
        problem = malformed(SECRET, settings.slack_signing_secret.reveal())
        findings.append(
            wrong("signing secret", problem, WHERE[SECRET]) if problem else ok("signing secret", "has the right form")
        )
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        text = f"neither {APP_TOKEN} (no public URL) nor {SECRET} (public URL) is set: no event can come"
        findings.append(wrong("events", text, f"{WHERE[APP_TOKEN]} Or: {WHERE[SECRET]}"))
    return findings


async def check_bot_token(settings: BotSettings) -> list[Finding]:
    """Ask Slack who the bot token is, and compare its scopes with the manifest's."""
    token = settings.slack_bot_token
    if token is None:
        return [wrong("bot token", f"{BOT_TOKEN} is not set", WHERE[BOT_TOKEN])]
    try:
        answer, headers = await call(settings, "auth.test", BOT_TOKEN, token)
    except (Refused, Unreachable) as error:
        return [failed("bot token", error, BOT_TOKEN, settings)]
    return [
        _who(answer, settings),
        scopes(headers.get("x-oauth-scopes")),
    ]


def _who(answer: dict[str, Any], settings: BotSettings) -> Finding:
    text, team = f"{answer.get('user')} in the workspace {answer.get('team')}", answer.get("team_id")
    allowed = settings.allowed_slack_teams
    if allowed and allowed.isdisjoint((team, answer.get("enterprise_id"))):
        text += ", which ALLOWED_SLACK_TEAMS does not let in"
        return wrong("bot token", text, f"Add {team} to it, or remove it to let every workspace in.")
    return ok("bot token", text)


async def check_app_token(settings: BotSettings) -> Finding:
    """Ask Slack for a Socket Mode address, and leave it unused: a connection would take events from the bot's own."""
    token = settings.slack_app_token
    if token is None:
        return wrong("app token", f"{APP_TOKEN} is not set", WHERE[APP_TOKEN])
    try:
        await call(settings, "apps.connections.open", APP_TOKEN, token)
    except (Refused, Unreachable) as error:
        return failed("app token", error, APP_TOKEN, settings)
    return ok("app token", "Slack lets it open a Socket Mode connection")


def malformed(name: str, value: str) -> str:
    """Say why a value cannot be the Slack setting of this name; "" when it can."""
    prefix = PREFIXES.get(name)
    if prefix is None:
        return "" if re.fullmatch(r"[0-9A-Za-z]{32}", value) else f"{name} is not 32 letters and digits"
    if not value.startswith(prefix):
        other = next((kind for kind, start in PREFIXES.items() if value.startswith(start)), None)
        return f"{name} does not start with {prefix}" + (f": that is {other}" if other else "")
    return "" if re.fullmatch(r"[\w-]{12,}", value) else f"{name} has characters that no token has, or is cut short"


def needed_scopes() -> set[str]:
    """Read the scopes that the app's manifest asks for."""
    return set(yaml.safe_load(MANIFEST.read_text())["oauth_config"]["scopes"]["bot"])


def scopes(granted: str | None) -> Finding:
    """Compare the scopes that a token has (its x-oauth-scopes header) with those that the manifest asks for."""
    if granted is None:
        return note("scopes", "Slack did not say which scopes the token has", "")
    needed = needed_scopes()
    missing = sorted(needed - {scope.strip() for scope in granted.split(",")})
    if not missing:
        return ok("scopes", f"all {len(needed)} that the bot needs")
    remedy = f"{APPS} > your app > OAuth & Permissions > Bot Token Scopes: add them, then reinstall the app."
    return wrong("scopes", f"missing: {', '.join(missing)}", remedy)


async def call(settings: BotSettings, method: str, name: str, token: Secret) -> tuple[dict[str, Any], httpx.Headers]:
    """Call a method without arguments. Raises Refused, Unreachable."""
    if problem := malformed(name, token.reveal()):
        raise Refused(problem)
    try:
        async with httpx.AsyncClient(timeout=10, mounts=direct(settings.slack_api_url)) as http:
            response = await http.post(
                settings.slack_api_url + method, headers={"Authorization": f"Bearer {token.reveal()}"}
            )
            answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(type(error).__name__) from None
    except ValueError:
        raise Unreachable(f"status {response.status_code}, and no JSON") from None
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        raise Refused(str(answer.get("error")) if isinstance(answer, dict) else "an answer that is no object")
    return answer, response.headers


def failed(subject: str, error: Refused | Unreachable, name: str, settings: BotSettings) -> Finding:
    """Tell why a call with the token of this name failed."""
    if isinstance(error, Unreachable):
        text = f"{settings.slack_api_url} cannot be reached ({error})"
        return wrong(subject, text, "Check the network, a proxy, and SLACK_API_URL if it is set.")
    if str(error) == "ratelimited":
        return note(subject, "Slack asks to be left alone for a moment (ratelimited)", "Try again in a minute.")
    if " " in str(error):
        return wrong(subject, str(error), WHERE[name])
    return wrong(subject, f"Slack does not take {name} ({error})", WHERE[name])
