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
    from bot.doctor import checks, configuration, report
    from bot.doctor.examination import examine

    bot, inference, findings = configuration.read()
    examined = asyncio.run(examine(checks.choose(bot, inference)))
    everything = [("Settings", finding) for finding in findings] + examined
    secrets = [*(bot.secrets if bot else []), inference.inference_api_key if inference else None]
    everything = report.without_secrets(everything, secrets)
    click.echo(report.as_json(everything) if json_wanted else report.as_text(everything))
    sys.exit(0 if report.is_well(everything) else 1)
