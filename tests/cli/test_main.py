"""The command line where an extra is not installed."""

from pathlib import Path

import pytest

from common.installation import remedy
from tests.commands import captionbot

SAMPLE = str(Path(__file__).parents[2] / "common" / "samples" / "cat.jpg")


@pytest.mark.parametrize(
    ("arguments", "package", "extras"),
    [
        (["caption", SAMPLE], "onnxruntime", "inference"),
        (["serve", "--port", "0"], "starlette", "inference"),
        (["export", "anything", "there"], "torch", "inference,torch"),
        (["web"], "streamlit", "web"),
        (["run"], "slack_bolt", "bot,webhooks"),
        (["inbox", "list"], "psycopg", "bot,webhooks"),
        (["webhooks"], "uvicorn", "bot,webhooks"),
        (["telegram", "webhook-info"], "httpx", "bot"),
        (["caption", SAMPLE, "--endpoint", "http://127.0.0.1:9"], "httpx", "bot"),
    ],
)
def test_a_command_says_which_extra_brings_what_it_misses(
    tmp_path: Path, arguments: list[str], package: str, extras: str
) -> None:
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / f"{package}.py").write_text(f"raise ModuleNotFoundError('No module named {package}', name='{package}')")
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_SIGNING_SECRET": "0" * 32,
        "TELEGRAM_BOT_TOKEN": "1:a",
        "TELEGRAM_WEBHOOK_SECRET": "a",
        "INBOX_URL": "postgresql://127.0.0.1:9/inbox" if package == "psycopg" else "",
        "PYTHONPATH": str(absent),
    }
    done = captionbot(*arguments, cwd=tmp_path, settings=settings)
    assert done.returncode == 1
    option = "--endpoint" if "--endpoint" in arguments else f"captionbot {arguments[0]}"
    assert f"`{option}` needs {package}: {remedy(extras)}" in done.stderr
