"""The clock: a signed request is refused when it seems more than five minutes old."""

import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from bot.settings import BotSettings
from cli.doctor.finding import Finding, absent, note, ok, wrong
from common.proxies import direct

SUBJECT: Final = "clock"
REMEDY: Final = "Set this machine's clock by the network: timedatectl set-ntp true"
# https://docs.slack.dev/authentication/verifying-requests-from-slack: five minutes; AWS's signatures have as much.
SIGNATURES_LAST: Final = 300.0  # seconds
WORTH_A_WORD: Final = 30.0  # seconds


async def check_clock(settings: BotSettings) -> list[Finding]:
    """Compare this machine's clock with the Date header of a platform's server."""
    url = _server(settings)
    if url is None:
        return [absent("there is no platform to compare the clock with")]
    try:
        async with httpx.AsyncClient(timeout=10, mounts=direct(url)) as http:
            response = await http.head(url)
        # The header has whole seconds: the true time is half a second later on average.
        theirs = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC).timestamp() + 0.5
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError) as error:
        return [note(SUBJECT, f"{url} did not tell the time ({type(error).__name__})", "Try again.")]
    skew = time.time() - theirs
    text = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} {httpx.URL(url).host}"
    if abs(skew) >= SIGNATURES_LAST:
        return [wrong(SUBJECT, f"{text}: Slack's signatures seem forged, for they last 5 minutes", REMEDY)]
    return [note(SUBJECT, text, REMEDY) if abs(skew) >= WORTH_A_WORD else ok(SUBJECT, text)]


def _server(settings: BotSettings) -> str | None:
    if settings.slack_bot_token is not None or settings.slack_signing_secret is not None:
        return settings.slack_api_url
    return settings.telegram_api_url if settings.telegram_bot_token is not None else None
