"""The settings: can they be read, and is the file that holds secrets readable by nobody else."""

import stat
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from bot.settings import BotSettings
from cli.doctor.finding import Finding, note, ok, wrong
from cli.doctor.runner import in_thread
from common.settings import S, SettingsError, read_settings
from inference.settings import InferenceSettings

ENV_FILE = Path(".env")
SUBJECT = "settings"
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read() -> tuple[BotSettings | None, InferenceSettings | None, list[Finding]]:
    """Read both kinds of settings; None for one that is malformed, with a finding for each line about it."""
    bot, bot_wrong = _read(BotSettings)
    inference, inference_wrong = _read(InferenceSettings)
    # A setting that both have is wrong once.
    findings = list(dict.fromkeys(bot_wrong + inference_wrong))
    return bot, inference, findings or [ok(SUBJECT, "all can be read")]


def _read(kind: type[S]) -> tuple[S | None, list[Finding]]:
    try:
        return read_settings(kind), []
    except SettingsError as error:
        remedy = "Correct it in .env or in the environment; docs/settings.md says what each setting is."
        return None, [wrong(SUBJECT, line, remedy) for line in str(error).splitlines()]


async def check_env_file() -> list[Finding]:
    """Look at `.env` in this folder: who can read it, and names in it that are nearly a setting's."""
    return await in_thread(_look)


def _look() -> list[Finding]:
    subject = str(ENV_FILE)
    if not ENV_FILE.exists():
        return [ok(subject, "there is none in this folder; the environment alone counts")]
    mode = stat.S_IMODE(ENV_FILE.stat().st_mode)
    findings = [ok(subject, f"{ENV_FILE.resolve()}, readable by its owner alone")]
    if mode & OTHERS:
        findings = [
            note(subject, f"it holds secrets, and its mode {mode:o} lets others on this machine in", "chmod 600 .env")
        ]
    try:
        names = list(dotenv_values(ENV_FILE))
    except (OSError, UnicodeDecodeError):
        return findings  # reading the settings has told
    return findings + [
        note(subject, f"{name} is no setting, so it does nothing", f"If you meant {meant}, rename it.")
        for name, meant in _misspelt(names)
    ]


def _misspelt(names: Iterable[str]) -> list[tuple[str, str]]:
    fields = {*BotSettings.types(), *InferenceSettings.types()}
    known = {field.upper() for field in fields}
    strange = [name for name in names if name.upper() not in known]
    nearest = [(name, get_close_matches(name.upper(), known, n=1, cutoff=0.85)) for name in strange]
    return [(name, close[0]) for name, close in nearest if close]
