"""`captionbot inbox`: the events that could not be answered."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cli.serving import bot_settings
from common.settings import SettingsError

if TYPE_CHECKING:
    from webhooks.local.mailbox import Mailbox


@click.group(name="inbox")
def command() -> None:
    """Look at events that kept failing, and try them again."""


@command.command(name="list")
def list_dead() -> None:
    """List the dead letters: id, when the bot gave up (UTC), chat, reason."""
    letters = _mailbox().dead()
    for letter in letters:
        died = datetime.fromtimestamp(letter.died, UTC)
        click.echo(f"{letter.job}  {died:%Y-%m-%d %H:%M:%S}  {letter.chat}  {letter.failure}")
    if not letters:
        click.echo("No dead letters.")


@command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Every dead letter.")
def retry(ids: tuple[str, ...], everything: bool) -> None:
    """Put dead letters back in the inbox; a running worker answers them."""
    if bool(ids) == everything:
        raise click.UsageError("Name the ids that `captionbot inbox list` shows, or use --all.")
    mailbox = _mailbox()
    jobs = [letter.job for letter in mailbox.dead()] if everything else list(ids)
    found = mailbox.retry(jobs)
    click.echo(f"{found} of {len(jobs)} put back.")
    if found < len(jobs):
        raise click.ClickException("No dead letter has that id; `captionbot inbox list` shows them.")


def _mailbox() -> "Mailbox":
    from webhooks.inbox import is_queue
    from webhooks.local.mailbox import Mailbox

    url = bot_settings().inbox_url.reveal()
    if is_queue(url):
        raise SettingsError(
            "On AWS the events that could not be answered are in the dead-letter queue of INBOX_URL's queue. "
            "`aws sqs start-message-move-task --source-arn ARN` (the dead-letter queue's) has them tried again."
        )
    mailbox = Mailbox(url)
    mailbox.check()
    return mailbox
