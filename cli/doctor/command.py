"""`captionbot doctor`: looks at the settings and at all they point to."""

import asyncio
import sys

import click


@click.command(name="doctor")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object, for programs.")
def command(json_wanted: bool) -> None:
    """Check the settings, and with them Slack, Telegram, the endpoint, the inbox and this machine.

    Each line is ok, or says what is wrong and what to do. Exits with 1 if anything is wrong. Nothing is changed, and no
    secret is shown.
    """
    sys.exit(0 if asyncio.run(_look(json_wanted)) else 1)


async def _look(json_wanted: bool) -> bool:
    from cli.doctor import checks, configuration, report
    from cli.doctor.runner import run_checks

    bot, inference, read = configuration.read()
    findings = [("Settings", finding) for finding in read] + await run_checks(checks.choose(bot, inference))
    secrets = [secret for settings in (bot, inference) if settings for secret in settings.secrets]
    findings = report.without_secrets(findings, secrets)
    # Before the loop closes, for that waits for a name server that does not answer.
    click.echo(report.as_json(findings) if json_wanted else report.as_text(findings))
    return report.is_well(findings)
