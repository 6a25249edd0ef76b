"""All checks at once; none of them can hold up or break the others."""

import asyncio
from collections.abc import Sequence

from bot.doctor.finding import Check, Finding, wrong
from inference.settings import SettingsError


async def examine(checks: Sequence[Check]) -> list[tuple[str, Finding]]:
    """Run the checks and return their findings, each with its area, in the order of the checks."""
    found = await asyncio.gather(*(_run(check) for check in checks))
    return [(check.area, finding) for check, findings in zip(checks, found, strict=True) for finding in findings]


async def _run(check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(check.seconds):
            return await check.run()
    except TimeoutError:
        text = f"no answer within {check.seconds:g} seconds"
        return [wrong(check.subject, text, "Try again; if it stays so, look at what it has to reach.")]
    except ImportError as error:
        remedy = "Install what is missing: `make install` in a clone, else `pip install 'captionbot[bot,webhooks]'`."
        return [wrong(check.subject, f"the package {error.name} is missing", remedy)]
    except SettingsError as error:
        return [wrong(check.subject, str(error), "Correct it in .env or in the environment.")]
    except Exception as error:  # noqa: BLE001 (a check that breaks is a finding, not the end of the others)
        # Its type only: what it says may hold a URL, and Telegram's URLs hold the token.
        remedy = "That is a fault of captionbot's own. Please report it."
        return [wrong(check.subject, f"the check itself failed ({type(error).__name__})", remedy)]
