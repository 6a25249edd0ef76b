"""All checks at once; none of them can hold up or break the others."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from cli.doctor.finding import Check, Finding, wrong
from common import installation
from common.settings import SettingsError

T = TypeVar("T")


async def run_checks(checks: Sequence[Check]) -> list[tuple[str, Finding]]:
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
        remedy = f"Install what is missing: {installation.remedy('bot,webhooks')}."
        return [wrong(check.subject, f"the package {error.name} is missing", remedy)]
    except SettingsError as error:
        return [wrong(check.subject, str(error), "Correct it in .env or in the environment.")]
    except Exception as error:  # noqa: BLE001 (a check that breaks is a finding, not the end of the others)
        # Its type only: what it says may hold a URL, and Telegram's URLs hold the token.
        remedy = "That is a fault of captionbot's own. Please report it."
        return [wrong(check.subject, f"the check itself failed ({type(error).__name__})", remedy)]


async def in_thread(work: Callable[[], T]) -> T:
    """Do blocking work in a thread that the end of the program does not wait for: a file system may never answer."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(report: Callable[[], None]) -> None:
        # Who waited may have given up, and closed the loop.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if done.done() else report())

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 (it is raised again where the work is awaited)
            caught = error
            tell(lambda: done.set_exception(caught))
        else:
            tell(lambda: done.set_result(result))

    threading.Thread(target=run, daemon=True).start()
    return await done
