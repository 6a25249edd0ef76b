"""`captionbot doctor` when a check itself fails."""

import asyncio
import subprocess
import sys

from cli.doctor.finding import Check, Finding, ok, wrong
from cli.doctor.runner import run_checks
from tests.cli.doctor.conftest import Machine
from tests.cli.terminal import ROOT
from tests.sandbox.telegram_faults import Fault


def test_a_server_that_answers_with_nonsense_is_a_line_and_the_rest_goes_on(machine: Machine) -> None:
    machine.telegram.faults.add(Fault("getMe", result=["not", "a", "bot"]))
    status, findings = machine.json()
    assert status == 1
    assert "TypeError" in findings["Telegram"]["text"]
    assert findings["bot token"]["status"] == "ok"


def test_a_missing_package_costs_only_the_checks_that_need_it(machine: Machine) -> None:
    (machine.folder / "httpx.py").write_text("raise ModuleNotFoundError('no httpx', name='httpx')")
    machine.environment["PYTHONPATH"] = f"{machine.folder}:{ROOT}"
    status, findings = machine.json()
    assert status == 1
    assert findings["Slack"]["text"] == "the package httpx is missing"
    assert "pip install" in findings["Slack"]["remedy"]
    assert findings["model"]["status"] == findings["inbox"]["status"] == "ok"


def test_a_disk_that_never_answers_holds_up_neither_the_report_nor_the_end() -> None:
    story = """
import asyncio, time
from cli.doctor.runner import run_checks, in_thread
from cli.doctor.finding import Check
check = Check("Model", "model", lambda: in_thread(lambda: time.sleep(3600)), seconds=0.1)
print(asyncio.run(run_checks([check]))[0][1].text)
"""
    done = subprocess.run([sys.executable, "-c", story], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == "no answer within 0.1 seconds\n"


async def test_checks_that_hang_or_miss_a_package_hold_up_nobody() -> None:
    async def hang() -> list[Finding]:
        await asyncio.sleep(3600)
        return []

    async def need() -> list[Finding]:
        import no_such_package  # type: ignore[import-not-found]  # noqa: F401 (it is meant to be missing)

        return []

    async def be_well() -> list[Finding]:
        return [ok("water", "wet")]

    checks = [Check("A", "a", hang, seconds=0.01), Check("B", "b", need), Check("C", "c", be_well)]
    hung, missing, well = await run_checks(checks)
    assert hung == ("A", wrong("a", "no answer within 0.01 seconds", hung[1].remedy))
    assert "no_such_package is missing" in missing[1].text
    assert well == ("C", ok("water", "wet"))
