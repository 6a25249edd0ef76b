"""A pytest plugin: no token, no secret and no file URL in any line that the whole run writes.

Looked through is what each test logged (with every field of a record), what it and the processes that it started wrote
to stdout and stderr, and the logs (`*.txt`, `*.log`) that such processes left in its temporary folder. A test whose
lines give something away fails; so does a run whose longer-lived processes did.
"""

import logging
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest
from pythonjsonlogger.json import JsonFormatter

from tests.bot.conftest import KEY
from tests.sandbox.lambda_url import SECRET_KEY, SESSION
from tests.sandbox.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.sandbox.telegram import WEBHOOK_SECRET
from tests.sandbox.telegram_world import TOKEN
from tests.webhooks.conftest import TELEGRAM_SECRET

GIVEN_AWAY = {
    "Slack's bot token": re.escape(BOT_TOKEN),
    "Slack's app token": re.escape(APP_TOKEN),
    "Slack's signing secret": re.escape(SIGNING_SECRET),
    "a file's URL in Slack": "/files-(?:pri|tmb)/",
    "a ticket of Socket Mode": r"[?&]ticket=(?!\*\*\*)",
    # A URL may have the colon escaped, and what stands before it is the bot's id, which everybody may know.
    "Telegram's token": re.escape(TOKEN.partition(":")[2]),
    "a file's URL in Telegram": "/file/bot",
    "Telegram's webhook secret": f"{re.escape(WEBHOOK_SECRET)}|{re.escape(TELEGRAM_SECRET)}",
    "the endpoint's key": re.escape(KEY),
    "a password in a URL": r"://[^\s/@:]*:(?!\*\*\*@)[^\s/@]+@[\w\[.]",
    "AWS's credentials": f"{re.escape(SECRET_KEY)}|{re.escape(SESSION)}",
}
PATTERN = re.compile("|".join(f"(?P<kind{number}>{pattern})" for number, pattern in enumerate(GIVEN_AWAY.values())))
LOGS = {".txt", ".log"}
MOST_SHOWN = 5


def leaks(text: str) -> Iterator[str]:
    """What a text gives away, each with the line that does."""
    kinds = list(GIVEN_AWAY)
    for found in PATTERN.finditer(text):
        start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
        kind = kinds[int((found.lastgroup or "kind0").removeprefix("kind"))]
        yield f"{kind} in: {text[start : end if end >= 0 else None][:1000]}"


def logs_below(folder: Path) -> Iterator[str]:
    """The texts of the logs in a folder."""
    for file in folder.rglob("*"):
        if file.suffix in LOGS and file.is_file():
            yield file.read_text(errors="replace")


class Lines(logging.Handler):
    """Every record since the last `taken`, as JSON: a field says as much as a message."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter("%(levelname)s %(name)s %(message)s"))
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def taken(self) -> str:
        lines, self._lines = self._lines, []
        return "\n".join(lines)


LINES = Lines()


def pytest_configure() -> None:
    # The tests' own requests to the sandbox; the bot silences its client in its own process (`common.logs`).
    logging.getLogger("httpx").setLevel(logging.WARNING)


def pytest_runtest_setup() -> None:
    # Every time: whoever configures logging anew takes the handlers away.
    root = logging.getLogger()
    if LINES not in root.handlers:
        root.addHandler(LINES)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "teardown":
        written = [LINES.taken(), *(content for _, content in report.sections)]
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        _judge(report, _all_leaks([*written, *(logs_below(folder) if folder else ())]))
    return report


def _judge(report: pytest.TestReport, found: list[str]) -> None:
    if found:
        report.outcome = "failed"
        report.longrepr = "\n".join(["The lines that this test wrote give away", *found[:MOST_SHOWN]])


def _all_leaks(texts: Iterable[str]) -> list[str]:
    return [leak for text in texts for leak in leaks(text)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look through the logs of the processes that outlived their test."""
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]  # (pytest has no public way to it)
    found = _all_leaks(logs_below(factory.getbasetemp()))
    if found and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    session.config.stash[FOUND] = found


FOUND = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if found := config.stash.get(FOUND, []):
        terminalreporter.section("logs that give something away", red=True)
        terminalreporter.write_line("\n".join(found[:MOST_SHOWN]))
