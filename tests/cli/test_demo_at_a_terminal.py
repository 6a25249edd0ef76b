"""The demo as a person sees it: it stays up until Ctrl-C, and the logs that it points to hold no secret."""

from pathlib import Path

from tests.cli.terminal import terminal
from tests.leaks import leaks, logs_below


def test_the_demo_stays_up_and_its_logs_give_nothing_away(tmp_path: Path) -> None:
    with terminal(tmp_path, {"TMPDIR": str(tmp_path)}, "demo") as person:
        person.wait_for("In the browser: http://127.0.0.1:")
        person.wait_for("Ctrl-C stops everything")
        [folder] = tmp_path.glob("captionbot-*")
        logs = "\n".join(logs_below(folder))
        person.interrupt()
        assert person.end() == 0
    assert '"captioned"' in logs and '"received"' in logs, "the logs of the worker and of the front door"
    assert not list(leaks(logs + person.screen))
    assert not folder.exists()
