"""What the handlers of all Lambda functions here have in common."""

from collections.abc import Mapping
from typing import Protocol

# What EventBridge's rules and its Scheduler send when nobody gave them an input.
SCHEDULERS = ("aws.events", "aws.scheduler")


class Context(Protocol):
    """What is used of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops this invocation."""


def is_warming(event: Mapping[str, object]) -> bool:
    """Whether an event only keeps the function warm: `{"warm": true}`, or a schedule's."""
    return event.get("warm") is True or event.get("source") in SCHEDULERS
