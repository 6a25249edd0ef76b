"""`captionbot telegram`: where Telegram sends its updates."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from cli.serving import bot_settings

if TYPE_CHECKING:
    from bot.settings import BotSettings

PATH = "/telegram/webhook"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.group(name="telegram")
def command() -> None:
    """Tell Telegram where to send updates."""


@command.command(name="set-webhook")
@click.argument("url")
def set_webhook(url: str) -> None:
    """Have updates sent to URL, the public address of `captionbot webhooks` (such as https://bot.example.org)."""
    settings = bot_settings()
    secret = _secret(settings)
    address = _address(url)
    from bot.telegram.api import menu
    from bot.telegram.updates import ALLOWED_UPDATES

    _ask(settings, "setWebhook", url=address, secret_token=secret, allowed_updates=list(ALLOWED_UPDATES))
    _ask(settings, "setMyCommands", commands=menu())
    click.echo(f"Telegram sends updates to {address} from now on.")


@command.command(name="delete-webhook")
def delete_webhook() -> None:
    """Have updates wait for `captionbot run` to poll them; none is lost."""
    _ask(bot_settings(), "deleteWebhook")
    click.echo("No webhook is set any more: `captionbot run` can poll now.")


@command.command(name="webhook-info")
def webhook_info() -> None:
    """Show where updates go, how many wait, and what went wrong last."""
    from datetime import UTC, datetime

    info = _ask(bot_settings(), "getWebhookInfo")
    click.echo(f"Webhook: {info.get('url') or 'none (updates wait to be polled)'}")
    click.echo(f"Updates that wait: {info.get('pending_update_count', 0)}")
    if error := info.get("last_error_message"):
        when = datetime.fromtimestamp(info.get("last_error_date", 0), UTC).strftime("%Y-%m-%d %H:%M UTC")
        click.echo(f"Last error: {error} ({when})")


def _secret(settings: "BotSettings") -> str:
    import re

    secret = settings.telegram_webhook_secret
    if secret is None:
        raise click.ClickException(
            "Set TELEGRAM_WEBHOOK_SECRET first, for instance to the output of `openssl rand -hex 32`: "
            "it is how the webhook knows that an update comes from Telegram."
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.reveal()):
        raise click.ClickException(
            "TELEGRAM_WEBHOOK_SECRET may have up to 256 letters, digits, _ and - only. "
            "`openssl rand -hex 32` makes a good one."
        )
    return secret.reveal()


def _address(url: str) -> str:
    """Complete the address that was given; http is for a Bot API server of one's own on the same machine."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise click.ClickException(f"{url} is no https address. Telegram sends updates to https URLs only.")
    return url if parts.path not in ("", "/") else url.rstrip("/") + PATH


def _ask(settings: "BotSettings", method: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the method gives)
    """Call a method of the Bot API. Raises click.ClickException or SettingsError with a sentence."""
    import httpx

    from bot.telegram.api import ApiError, Unreachable, call
    from common.proxies import direct

    async def ask() -> Any:  # noqa: ANN401 (a piece of JSON)
        async with httpx.AsyncClient(timeout=30, mounts=direct(settings.telegram_api_url)) as http:
            return await call(http, settings, method, **arguments)

    try:
        return asyncio.run(ask())
    except ApiError as error:
        raise click.ClickException(f"Telegram refuses: {error.description}") from None
    except Unreachable as error:
        raise click.ClickException(
            f"{settings.telegram_api_url} cannot be reached ({error}). "
            "Check the network, and TELEGRAM_API_URL if it is set."
        ) from None
