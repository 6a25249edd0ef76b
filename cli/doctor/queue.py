"""The inbox on AWS: what waits in the queue, and what is in its dead-letter queue."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from cli.doctor.finding import Finding, note, ok, wrong
from common import aws
from webhooks.aws.sqs import HOST

SUBJECT: Final = "inbox"
WAITING, IN_WORK = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
RETRY: Final = "aws sqs start-message-move-task --source-arn"


def look(url: str) -> list[Finding]:
    """Ask SQS for the counts of a queue and of the one that its failures go to; it blocks."""
    try:
        inbox = _attributes(url)
        findings = [ok(SUBJECT, f"{inbox[WAITING]} waiting, {inbox[IN_WORK]} in work")]
        dead = json.loads(inbox.get("RedrivePolicy", "{}")).get("deadLetterTargetArn")
        if dead is None:
            text = "the queue has no dead-letter queue: an event that keeps failing is tried until it expires"
            return [*findings, note("dead letters", text, "Give it a redrive policy.")]
        count = _attributes(f"{url.rpartition('/')[0]}/{dead.rpartition(':')[2]}")[WAITING]
    except aws.AwsError as error:
        remedy = "Check INBOX_URL, AWS_REGION, and that this role is allowed sqs:GetQueueAttributes on both queues."
        return [wrong(SUBJECT, f"the queue cannot be looked into ({error})", remedy)]
    if count != "0":
        remedy = f"When what failed is mended: {RETRY} {dead}"
        return [*findings, wrong("dead letters", f"{count} in {dead.rpartition(':')[2]}", remedy)]
    return [*findings, ok("dead letters", "none")]


def _attributes(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    found = HOST.fullmatch(parts.hostname or "")
    names = {"QueueUrl": url, "AttributeNames": [WAITING, IN_WORK, "RedrivePolicy"]}
    where, at = f"{parts.scheme}://{parts.netloc}", found[1] if found else ""
    attributes: dict[str, Any] = aws.call("sqs", "GetQueueAttributes", names, where=where, at=at)["Attributes"]
    return attributes
