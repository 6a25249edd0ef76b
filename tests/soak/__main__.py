"""Ten minutes of storms with everything that can go wrong, told in a table and in BENCHMARKS.md: `make soak`."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.chapters import TARGET, replace_chapter
from tests.bench.noise import Watch
from tests.soak import scenarios
from tests.soak.scenarios import Scenario
from tests.soak.storm import Tally
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_postgres import BINARIES, running_postgres

TITLE = "What can go wrong"
SQLITE, POSTGRES = "SQLite", "Postgres"
ROUNDS: list[tuple[str, str, Scenario]] = [
    ("nothing goes wrong", SQLITE, scenarios.calm),
    ("nothing goes wrong", POSTGRES, scenarios.calm),
    ("SIGKILL to one of two workers every 2.5 s", SQLITE, scenarios.kills),
    ("SIGKILL to one of two workers every 2.5 s", POSTGRES, scenarios.kills),
    ("SIGTERM to one of two workers every 3 s", SQLITE, scenarios.stops),
    ("SIGTERM to one of two workers every 3 s", POSTGRES, scenarios.stops),
    ("another program's lock for 8 s, twice", SQLITE, scenarios.locks),
    ("a full disk for 10 s, twice", SQLITE, scenarios.full_disk),
    ("the clock back and forth by an hour every 4 s", SQLITE, scenarios.clock_steps),
    ("Slack's file host hangs for 16 channels: Telegram", SQLITE, scenarios.hanging_slack),
    ("Slack wants 30 s of patience from 16 channels: Telegram", SQLITE, scenarios.flooded_slack),
    ("Telegram wants 28 s of patience from a group: all others", SQLITE, scenarios.flooded_group),
]
KILLS = scenarios.kills


def main(wanted: list[str]) -> None:
    """Run all scenarios and write their chapter, or run those of some names and write nothing."""
    lines = [
        "Two workers, one front door, a sandbox of Slack and of Telegram, 6 photos a second from 20 channels and 20 "
        "chats for half a minute where nothing else is said. Lost is a photo without a reply two minutes after that.",
        "",
        "| what happens | inbox | photos | lost | doubled | longest wait |",
        "|---|---|--:|--:|--:|--:|",
    ]
    bad, watch = False, Watch()
    for name, kind, scenario in ROUNDS:
        if wanted and scenario.__name__ not in wanted:
            continue
        print(f"{name}, {kind} …", file=sys.stderr, flush=True)
        if (tally := _run(kind, scenario)) is None:
            lines.append(f"| {name} | {kind} | not tried: this machine has no means for it | | | |")
            continue
        lines.append(f"| {name} | {kind} | {tally.sent} | {tally.lost} | {tally.doubled} | {tally.longest:.1f} s |")
        print(lines[-1], flush=True)
        bad |= bool(tally.lost or (tally.doubled and scenario is not KILLS))
    lines += [
        "",
        "A worker that is killed in the very moment after a reply is posted leaves it doubled, where the platform has "
        "no thread to look at: Telegram. Everything else is to be zero.",
        "",
        watch.line(),
    ]
    if not wanted:
        replace_chapter(TARGET, TITLE, "\n".join(lines))
    sys.exit(bad)


def _run(kind: str, scenario: Scenario) -> Tally | None:
    """Run a scenario on a machine of its own; None where this one lacks what it takes."""
    if scenario is scenarios.full_disk and not scenarios.CAN_MOUNT:
        return None
    if scenario is scenarios.clock_steps and not scenarios.CAN_SET_CLOCK:
        return None
    if kind == POSTGRES and not BINARIES:
        return None
    with _machine(kind, scenario) as here:
        return scenario(here)


@contextmanager
def _machine(kind: str, scenario: Scenario) -> Iterator[Machine]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(running_postgres()) if kind == POSTGRES else None
        disk = stack.enter_context(scenarios.small_disk()) if scenario is scenarios.full_disk else folder
        here = stack.enter_context(machine(folder))
        here.disk = disk
        here.inbox = postgres.url if postgres else f"sqlite:///{disk / 'inbox.sqlite'}"
        here.environment["INBOX_URL"] = here.inbox
        here.slack.sender.hurry = 20
        here.environment["CAPTION_TIMEOUT"] = "20"
        here.endpoint.pause = 0.05
        yield here


if __name__ == "__main__":
    main(sys.argv[1:])
