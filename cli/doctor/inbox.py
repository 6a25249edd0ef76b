"""The inbox: what waits, what kept failing, and when each platform was last heard of."""

import os
import stat
import time
from pathlib import Path
from typing import Final

from bot.settings import BotSettings
from cli.doctor.finding import Finding, ago, note, ok, wrong
from cli.doctor.runner import in_thread
from webhooks.inbox import InboxError, Platform, is_queue
from webhooks.local.address import check_form
from webhooks.local.mailbox import Mailbox

SUBJECT: Final = "inbox"
LONG: Final = 300.0  # seconds for which a photo may wait without anything being wrong
SQLITE: Final = "sqlite:///"


async def check_inbox(settings: BotSettings) -> list[Finding]:
    """Count what waits and what died; an inbox that is not there yet is not made."""
    url = settings.inbox_url.reveal()
    if is_queue(url):
        from cli.doctor import queue

        return await in_thread(lambda: queue.look(url))
    check_form(url)
    if url.startswith(SQLITE) and not (path := Path(url.removeprefix(SQLITE))).exists():
        return [_first_start(path)]
    try:
        return await in_thread(lambda: _look(url, settings))
    except InboxError as error:
        remedy = "Check INBOX_URL, and that the database is up and lets this user in."
        return [wrong(SUBJECT, str(error), remedy)]


def _first_start(path: Path) -> Finding:
    folder = path.parent
    if folder.is_dir() and os.access(folder, os.W_OK):
        return ok(SUBJECT, f"{path} is made at the first start")
    return wrong(SUBJECT, f"{folder} is no folder that can be written to", "Check INBOX_URL, or make the folder.")


def _look(url: str, settings: BotSettings) -> list[Finding]:
    mailbox = Mailbox(url)
    try:
        mailbox.check()
        return [_waiting(mailbox), *_dead(mailbox), *_heard(mailbox, settings), *_folder(url)]
    finally:
        mailbox.close()


def _folder(url: str) -> list[Finding]:
    """Look whether others on this machine may put a file of theirs in the inbox's place."""
    folder = Path(url.removeprefix(SQLITE)).absolute().parent
    mode = folder.stat().st_mode if url.startswith(SQLITE) else 0
    if not mode & (stat.S_IWGRP | stat.S_IWOTH) or mode & stat.S_ISVTX:
        return []
    return [note("inbox folder", f"others on this machine may write to {folder}", f"chmod go-w {folder}")]


def _waiting(mailbox: Mailbox) -> Finding:
    backlog = mailbox.backlog()
    if backlog.oldest is None:
        return ok(SUBJECT, "nothing waits")
    text = f"{backlog.events} waiting, the oldest came {ago(time.time() - backlog.oldest)}"
    if time.time() - backlog.oldest < LONG:
        return ok(SUBJECT, text)
    return wrong(SUBJECT, text, "Check that `captionbot run` or `captionbot webhooks` is running, and the endpoint.")


def _dead(mailbox: Mailbox) -> list[Finding]:
    letters = mailbox.dead()
    if not letters:
        return [ok("dead letters", "none")]
    last = letters[-1]
    text = f"{len(letters)}; the latest died {ago(time.time() - last.died)}: {last.failure}"
    return [wrong("dead letters", text, "captionbot inbox list shows them; captionbot inbox retry --all tries again.")]


def _heard(mailbox: Mailbox, settings: BotSettings) -> list[Finding]:
    """Tell when events came: neither platform lists an app's subscriptions to its bot, but what arrived is proof."""
    platforms: list[tuple[Platform, bool, str]] = [
        ("slack", settings.slack_bot_token is not None, "Is the bot in the channel (/invite)? Are the events of the "
         "manifest under Event Subscriptions, and the app reinstalled?"),
        ("telegram", settings.telegram_bot_token is not None, "Send the bot a photo; in groups see privacy mode."),
    ]  # fmt: skip
    findings = []
    for platform, there, remedy in platforms:
        if there:
            latest = mailbox.latest(platform)
            name = f"{platform.title()} events"
            heard = note(name, "none in the last day", f"If photos get no answer: {remedy}")
            findings.append(heard if latest is None else ok(name, f"the latest came {ago(time.time() - latest)}"))
    return findings
