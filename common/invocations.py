"""What the handlers of all Lambda functions here have in common."""

import functools
import logging
import os
from collections.abc import Mapping
from typing import Protocol

log = logging.getLogger(__name__)

# What EventBridge's rules and its Scheduler send when nobody gave them an input.
SCHEDULERS = ("aws.events", "aws.scheduler")


class Context(Protocol):
    """What is used of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops this invocation."""


def is_warming(event: Mapping[str, object]) -> bool:
    """Whether an event only keeps the function warm: `{"warm": true}`, or a schedule's."""
    return event.get("warm") is True or event.get("source") in SCHEDULERS


@functools.cache
def invoked() -> None:
    """Take note of a process's first invocation, the one that waited for its start (or its snapshot's restoration)."""
    log.info("started cold", extra={"function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")})
