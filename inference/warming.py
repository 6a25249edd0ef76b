"""Invocations of a Lambda function that only keep it warm, told apart before anything else is done about them."""

from collections.abc import Mapping

# What EventBridge's rules and its Scheduler send when nobody gave them an input.
SCHEDULERS = ("aws.events", "aws.scheduler")


def is_warming(event: Mapping[str, object]) -> bool:
    """Whether an event is `{"warm": true}` or a schedule's."""
    return event.get("warm") is True or event.get("source") in SCHEDULERS
