"""Connecting Telegram: @BotFather makes the bot, and its token is asked for."""

import secrets
from collections.abc import Mapping

import httpx
import msgspec

from bot.settings import BotSettings
from bot.telegram.api import ApiError, Unreachable, call
from cli.doctor import telegram as doctor
from cli.doctor.finding import Finding, note, ok, wrong
from cli.init.prompts import Verdict, ask_secret, show, step
from common.proxies import direct
from common.settings import Secret, SettingsError

SECRET = "TELEGRAM_WEBHOOK_SECRET"  # noqa: S105 (its name)


def connect(settings: BotSettings, known: Mapping[str, str], address: str | None) -> dict[str, str] | None:
    """Ask for what Telegram needs, with a public `address` or without one; None when the person leaves it out."""
    step(1, f"Open {doctor.BOTFATHER}, send /newbot, and answer it. It sends you a token.")

    async def check(value: str) -> Verdict:
        return await _check(msgspec.structs.replace(settings, telegram_bot_token=Secret(value)), address)

    token = ask_secret(doctor.TOKEN, "123456789:AA…", known.get(doctor.TOKEN), check, "Telegram")
    if token is None:
        return None
    found = {doctor.TOKEN: token}
    if address:
        if known.get(SECRET):
            show(ok("", f"{SECRET} stays as it is"))
        else:
            found[SECRET] = secrets.token_hex(32)
            show(ok("", f"{SECRET}: a new one was made; nobody needs to know it"))
    return found


async def _check(settings: BotSettings, address: str | None) -> Verdict:
    token = settings.telegram_bot_token
    assert token is not None  # noqa: S101 (it was put in just now)
    if problem := doctor.malformed(token.reveal()):
        return Verdict(taken=False, findings=[wrong("", problem, doctor.WHERE)])
    try:
        async with httpx.AsyncClient(timeout=10, mounts=direct(settings.telegram_api_url)) as http:
            me = await call(http, settings, "getMe")
            hook = await call(http, settings, "getWebhookInfo")
    except SettingsError:
        return Verdict(taken=False, findings=[wrong("", f"Telegram does not know this {doctor.TOKEN}", doctor.WHERE)])
    except (ApiError, Unreachable) as error:
        return Verdict(taken=None, findings=[wrong("", f"{settings.telegram_api_url}: {error}", "Check the network.")])
    findings: list[Finding] = [ok("", f"this is @{me['username']}")]
    if me.get("can_read_all_group_messages") is not True:
        text = "in groups it sees only commands, mentions and replies to itself"
        remedy = f"For every photo: {doctor.BOTFATHER} > /setprivacy > Disable, then add it to the group (again)."
        findings.append(note("", text, remedy))
    if hook.get("url") and not address:
        findings.append(note("", f"a webhook is set: {hook['url']}", "captionbot telegram delete-webhook, before run"))
    return Verdict(taken=True, findings=findings)
