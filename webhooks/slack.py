"""Slack's deliveries: the Events API over HTTP."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

from bot.slack.essentials import essentials, workspace_of
from bot.slack.relevance import chat_of, relevant
from webhooks.deliveries import Echo, Refused, parse
from webhooks.inbox import Event

# https://docs.slack.dev/authentication/verifying-requests-from-slack
VERSION = "v0"
WINDOW = 5 * 60  # seconds
STAMP = re.compile(r"[0-9]{1,12}")


class Slack:
    """Verifies with the app's signing secret."""

    def __init__(self, signing_secret: str) -> None:
        self._key = signing_secret.encode()

    def read(self, headers: Mapping[str, str], body: bytes) -> Event | Echo | None:
        """Verify and parse a delivery; see `webhooks.deliveries.Source`."""
        self._verify(headers, body)
        payload = parse(body)
        if payload.get("type") == "url_verification":
            return Echo(str(payload.get("challenge", "")).encode(errors="replace").decode())
        if not relevant(payload):
            return None
        return event(payload)

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        # slack_sdk's SignatureVerifier does the same; importing it imports all of slack_sdk (80 ms of a cold start).
        stamp = headers.get("x-slack-request-timestamp", "")
        if not STAMP.fullmatch(stamp) or abs(time.time() - int(stamp)) > WINDOW:
            raise Refused(401, "The timestamp is missing or more than five minutes away.")
        signed = b"%s:%s:%s" % (VERSION.encode(), stamp.encode(), body)
        expected = f"{VERSION}={hmac.new(self._key, signed, hashlib.sha256).hexdigest()}"
        # In bytes, because compare_digest refuses text beyond ASCII.
        if not hmac.compare_digest(expected.encode(), headers.get("x-slack-signature", "").encode()):
            raise Refused(401, "The signature does not match: is SLACK_SIGNING_SECRET that of this app?")


def event(payload: dict[str, object]) -> Event:
    """Address a relevant event of the Events API or of Socket Mode."""
    return Event(
        id=f"slack-{payload['event_id']}",
        platform="slack",
        chat=chat_of(payload),
        album=None,
        payload=essentials(payload),
        workspace=f"slack-{workspace_of(payload)}",
    )
