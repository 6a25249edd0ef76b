"""Logs as JSON, one line an event, each with the id of the request that it belongs to."""

import logging
import sys
from collections.abc import Iterable
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from common.settings import Secret

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class _Formatter(JsonFormatter):
    """Add the request's id, and blot out secrets wherever they turn up: in messages, fields and tracebacks."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
        # The longest first: a secret may contain another one.
        self._secrets = sorted({s for s in secrets if s}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line of JSON."""
        if (current := request_id.get()) is not None and not hasattr(record, "request_id"):
            record.request_id = current
        line: str = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def configure(level: int = logging.INFO, secrets: Iterable[Secret] = ()) -> None:
    """Send every logger's lines to stderr as JSON, with these secrets blotted out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(secret.reveal() for secret in secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # httpx logs every URL at INFO, and Telegram's URLs contain the bot's token. botocore tells where credentials are.
    for name in ("httpx", "httpcore", "botocore"):
        logging.getLogger(name).setLevel(logging.WARNING)
