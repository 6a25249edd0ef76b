"""Logs as JSON, one line an event, each with the id of the request that it belongs to."""

import logging
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

from common.settings import Secret

_secrets: list[str] = []
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class _Formatter(JsonFormatter):
    """Add the request's id, and blot out secrets wherever they turn up: in messages, fields and tracebacks."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line of JSON."""
        if (current := request_id.get()) is not None and not hasattr(record, "request_id"):
            record.request_id = current
        return blotted(super().format(record))


def blotted(text: str) -> str:
    """Blot out the secrets that `configure` was told."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    return text


def configure(level: int = logging.INFO, secrets: Iterable[Secret] = ()) -> None:
    """Send every logger's lines to stderr as JSON, with these secrets blotted out."""
    # The longest first: a secret may contain another one.
    _secrets[:] = sorted({secret.reveal() for secret in secrets} - {""}, key=len, reverse=True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # What nobody caught, too, may hold a secret in its text.
    sys.excepthook = _tell
    # httpx logs every URL at INFO, and Telegram's URLs contain the bot's token. botocore tells where credentials are.
    for name in ("httpx", "httpcore", "botocore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger(__name__).critical("stopped by a fault of its own", exc_info=(kind, error, trace))
