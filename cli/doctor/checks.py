"""Which checks there are, and what each of them needs."""

import importlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from bot.settings import BotSettings
from cli.doctor.finding import Check, Finding, absent
from inference.settings import InferenceSettings
from webhooks.inbox import is_queue

LOCAL = ("127.0.0.1", "::1", "localhost")


def choose(bot: BotSettings | None, inference: InferenceSettings | None) -> list[Check]:
    """List the checks, in the order of the report, for the settings that could be read."""
    here = bot is None or is_here(bot.inference_url)
    extras = ["bot", "webhooks"]
    if here:
        extras += ["inference", "torch"] if inference and inference.caption_engine == "torch" else ["inference"]
    if bot and is_queue(bot.inbox_url.reveal()):
        extras.append("aws")
    checks = [
        Check("Settings", ".env", _later("configuration", "check_env_file")),
        Check("Machine", "Python", _later("machine", "check_python")),
        Check("Machine", "packages", _later("machine", "check_packages", extras)),
    ]
    if inference is not None:
        model = _later("model", "check_model", inference) if here else _elsewhere
        checks.append(Check("Model", "model", model, seconds=60))
    if bot is not None:
        checks += [
            Check("Endpoint", "endpoint", _later("endpoint", "check_endpoint", bot), seconds=65),
            Check("Slack", "Slack", _later("slack", "check_slack", bot), seconds=25),
            Check("Telegram", "Telegram", _later("telegram", "check_telegram", bot), seconds=25),
            Check("Inbox", "inbox", _later("inbox", "check_inbox", bot)),
            Check("Clock", "clock", _later("clock", "check_clock", bot)),
        ]
    return checks


def is_here(url: str) -> bool:
    """Whether a URL names this machine."""
    try:
        return urlsplit(url).hostname in LOCAL
    except ValueError:
        return False


def _later(module: str, function: str, *arguments: object) -> Callable[[], Awaitable[list[Finding]]]:
    """Import a check's module when it runs: a package that is missing is then that check's finding alone."""

    async def run() -> list[Finding]:
        check = getattr(importlib.import_module(f"cli.doctor.{module}"), function)
        findings: list[Finding] = await check(*arguments)
        return findings

    return run


async def _elsewhere() -> list[Finding]:
    return [absent("the endpoint is on another machine, and its model with it")]
