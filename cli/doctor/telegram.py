"""Telegram: the token, privacy mode, and the webhook."""

import re
import time
from typing import Any, Final

import httpx

from bot.settings import BotSettings
from bot.telegram.api import ApiError, Unreachable, call
from bot.telegram.updates import ALLOWED_UPDATES
from cli.doctor.finding import Finding, absent, ago, note, ok, wrong
from common.proxies import direct
from common.settings import SettingsError

BOTFATHER: Final = "https://t.me/BotFather"
TOKEN: Final = "TELEGRAM_BOT_TOKEN"  # noqa: S105 (its name)
TOKEN_FORM: Final = re.compile(r"[0-9]+:[A-Za-z0-9_-]{30,}")
SET_AGAIN: Final = "captionbot telegram set-webhook URL"
WHERE: Final = f"Copy it again from {BOTFATHER}: /mybots > your bot > API Token."


async def check_telegram(settings: BotSettings) -> list[Finding]:
    """Look at the token, and with it at privacy mode and the webhook."""
    if settings.telegram_bot_token is None:
        if settings.telegram_webhook_secret is None:
            return [absent("no TELEGRAM_… setting is there", "captionbot init")]
        return [wrong("token", f"{TOKEN} is not set", WHERE)]
    token, me = await check_token(settings)
    if me is None:
        return [token]
    try:
        async with httpx.AsyncClient(timeout=10, mounts=direct(settings.telegram_api_url)) as http:
            info = await call(http, settings, "getWebhookInfo")
    except (ApiError, Unreachable) as error:
        return [token, _privacy(me, settings), wrong("webhook", f"its state is unknown ({error})", "Try again.")]
    return [token, _privacy(me, settings), *_webhook(info, settings)]


async def check_token(settings: BotSettings) -> tuple[Finding, dict[str, Any] | None]:
    """Ask Telegram who the token is; returns its getMe too, None when there is none."""
    token = settings.telegram_bot_token
    if token is not None and (problem := malformed(token.reveal())):
        return wrong("token", problem, WHERE), None
    try:
        async with httpx.AsyncClient(timeout=10, mounts=direct(settings.telegram_api_url)) as http:
            me = await call(http, settings, "getMe")
    except SettingsError:
        return wrong("token", f"Telegram does not know {TOKEN}", WHERE), None
    except ApiError as error:
        return wrong("token", f"Telegram refuses: {error.description}", "Try again in a minute."), None
    except Unreachable as error:
        text = f"{settings.telegram_api_url} cannot be reached ({error})"
        return wrong("token", text, "Check the network, a proxy, and TELEGRAM_API_URL if it is set."), None
    return ok("token", f"@{me['username']}"), me


def malformed(token: str) -> str:
    """Say why this cannot be a bot's token; "" when it can."""
    return "" if TOKEN_FORM.fullmatch(token) else f"{TOKEN} does not look like 123456789:AA…, with 35 characters behind"


def _privacy(me: dict[str, Any], settings: BotSettings) -> Finding:
    if me.get("can_read_all_group_messages") is True:
        return ok("groups", "it sees every photo (privacy mode is off)")
    if settings.reply_in_groups == "mentioned":
        return ok("groups", "it sees what mentions it (privacy mode is on, REPLY_IN_GROUPS=mentioned)")
    text = "it sees commands, mentions and replies to itself only (privacy mode is on)"
    remedy = f"For every photo: {BOTFATHER} > /setprivacy > Disable, then add the bot to the group again."
    return note("groups", text, remedy)


def _webhook(info: dict[str, Any], settings: BotSettings) -> list[Finding]:
    waiting = info.get("pending_update_count", 0)
    if not info.get("url"):
        if settings.telegram_webhook_secret is not None:
            text = f"none is set, though TELEGRAM_WEBHOOK_SECRET is; {waiting} updates wait to be polled"
            return [note("webhook", text, f"With a public URL: {SET_AGAIN}. Without one: captionbot run")]
        return [ok("webhook", f"none, so `captionbot run` can poll; {waiting} updates wait")]
    findings = [ok("webhook", f"{info['url']}; {waiting} updates wait")]
    if settings.telegram_webhook_secret is None:
        text = f"{info['url']} is set, but TELEGRAM_WEBHOOK_SECRET is not: the webhook would refuse every update"
        remedy = f"Set it and tell Telegram: {SET_AGAIN}. Or go back to polling: captionbot telegram delete-webhook"
        findings = [wrong("webhook", text, remedy)]
    allowed = info.get("allowed_updates")
    if isinstance(allowed, list) and (unasked := [kind for kind in ALLOWED_UPDATES if kind not in allowed]):
        findings.append(wrong("updates", f"Telegram was not asked for {', '.join(unasked)}", SET_AGAIN))
    if error := info.get("last_error_message"):
        findings.append(_last_error(str(error), info.get("last_error_date", 0), waiting))
    return findings


def _last_error(error: str, date: float, waiting: int) -> Finding:
    text = f"{ago(time.time() - date)}: {error}"
    if not waiting:
        return note("last error", f"{text}; nothing waits any more, so it has passed")
    if " 401" in error:
        return wrong("last error", text, f"The secrets differ. Tell Telegram the one that is set here: {SET_AGAIN}")
    remedy = "Check that `captionbot webhooks` runs, and that its public https address reaches it."
    return wrong("last error", text, remedy)
