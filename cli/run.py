"""`captionbot run`: Slack by Socket Mode and Telegram by polling, with no public URL."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import click

from cli.serving import bot_settings, run_until_stopped, until
from common.settings import SettingsError

if TYPE_CHECKING:
    from bot.settings import BotSettings
    from webhooks.inbox import Inbox

SLACK = "SLACK_BOT_TOKEN (xoxb-…) and SLACK_APP_TOKEN (xapp-…)"
TELEGRAM = "TELEGRAM_BOT_TOKEN (from @BotFather)"


@click.command(name="run")
def command() -> None:
    """Answer photos in Slack and Telegram, whichever is set up, from a machine that nobody can reach.

    Slack uses Socket Mode, Telegram is polled.
    """
    settings = bot_settings()
    if (settings.slack_bot_token is None) != (settings.slack_app_token is None):
        raise SettingsError(f"For Slack, Socket Mode needs both {SLACK}.")
    if settings.slack_bot_token is None and settings.telegram_bot_token is None:
        raise SettingsError(f"Set {SLACK} for Slack, or {TELEGRAM} for Telegram, or both.")
    run_until_stopped(settings, lambda stop: _run(settings, stop))


async def _run(settings: "BotSettings", stop: asyncio.Event) -> None:
    from webhooks.local.mailbox import Mailbox
    from webhooks.local.work import work
    from webhooks.worker import worker

    inbox = Mailbox(settings.inbox_url.reveal())
    async with worker(settings) as handler, asyncio.TaskGroup() as group:
        handler.warm()
        group.create_task(work(settings, handler, stop))
        for receiver in _receivers(settings, inbox):
            group.create_task(until(stop, receiver))


def _receivers(settings: "BotSettings", inbox: "Inbox") -> list[Coroutine[Any, Any, None]]:
    receivers: list[Coroutine[Any, Any, None]] = []
    if settings.slack_bot_token is not None:
        from bot.slack.socket import listen
        from webhooks import slack

        receivers.append(listen(settings, lambda _, payload: inbox.put(slack.event(payload))))
    if settings.telegram_bot_token is not None:
        from bot.telegram.polling import poll
        from webhooks import telegram

        receivers.append(poll(settings, lambda _, payload: inbox.put(telegram.event(payload))))
    return receivers
