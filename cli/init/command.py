"""`captionbot init`: asks, checks each answer, and writes `.env`."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

ENV_FILE = Path(".env")


@click.command(name="init")
def command() -> None:
    """Connect Slack and Telegram by answering questions; the answers go into `.env` in this folder.

    Each token is checked as it is pasted, and none is shown. Nothing is written before the last question.
    """
    from cli.init import env_file
    from cli.init.prompts import need_terminal

    need_terminal()
    try:
        before = env_file.read(ENV_FILE)
        answers, address = _interview(env_file.values(before))
        if answers and _agreed(env_file.values(before), answers):
            env_file.write(ENV_FILE, env_file.merge(before, answers))
        else:
            click.echo("Nothing was written.")
            return
    except click.Abort:
        raise click.ClickException("stopped; nothing was written.") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{ENV_FILE.resolve()} is not UTF-8 text. Mend it, or move it away.") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or ENV_FILE}: {error.strerror}. Nothing was written.") from None
    click.echo(f"\nWrote {ENV_FILE.resolve()}, which only you can read: {', '.join(answers)}.")
    _tell_what_next(answers, address)


def _interview(known: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """Ask everything; returns the settings and the bot's public address, if it has one."""
    from cli.init import slack, telegram
    from cli.serving import bot_settings

    settings = bot_settings()
    click.echo("Enter takes the answer in brackets, Ctrl-C stops and writes nothing.\n")
    address = _ask_address()
    answers: dict[str, str] = {}
    for name, connect in (("Slack", slack.connect), ("Telegram", telegram.connect)):
        click.secho(f"\n{name}", bold=True)
        if click.confirm(f"Connect {name}?", default=True):
            answers |= connect(settings, known, address) or {}
    return answers, address


def _ask_address() -> str | None:
    if not click.confirm("Does this machine have a public https address? (Not needed.)", default=False):
        return None
    while True:
        typed = str(click.prompt("Its address, such as https://bot.example.org")).strip().rstrip("/")
        parts = urlsplit(typed)
        if parts.scheme == "https" and parts.hostname and not parts.path:
            return typed
        click.echo("  That is no https address without a path. Slack and Telegram call nothing else.")


def _agreed(before: Mapping[str, str], answers: Mapping[str, str]) -> bool:
    """Ask before a file that is there is changed; True without asking where there is none."""
    if not ENV_FILE.exists():
        return True
    changed = [name for name, value in answers.items() if before.get(name, value) != value]
    added = [name for name in answers if name not in before]
    if not changed and not added:
        click.echo("\n.env says all of this already.")
        return False
    click.echo(f"\n.env is there already. Its other lines stay. New: {', '.join(added) or 'none'}.")
    return click.confirm(f"Replaced: {', '.join(changed) or 'none'}. Change it?", default=not changed)


def _tell_what_next(answers: Mapping[str, str], address: str | None) -> None:
    for name in answers:
        if os.environ.get(name, answers[name]) != answers[name]:
            click.echo(f"The environment has another {name}, and it wins over .env: unset {name}")
    click.echo("Next, in one terminal:    captionbot serve")
    click.echo(f"and in another terminal:  captionbot {'webhooks --port 8080' if address else 'run'}")
    if address and "TELEGRAM_BOT_TOKEN" in answers:
        click.echo(f"Then, for Telegram:       captionbot telegram set-webhook {address}")
    if address and "SLACK_BOT_TOKEN" in answers:
        click.echo("Then, for Slack:          your app > Event Subscriptions > Request URL > Retry")
    click.echo("If anything is odd:       captionbot doctor")
