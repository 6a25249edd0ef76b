"""The Events API: what Slack says when something happened, signed, and said again when nobody listened."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from tests.sandbox.slack_workspace import APP, BOT_USER, JSON, PERSON, TEAM, Conversation, Workspace

# Slack's retries: at once, after a minute, after five.
RETRY_AFTER = (0.0, 60.0, 300.0)
CHANNEL_TYPES = {"channel": "channel", "group": "group", "im": "im", "mpim": "mpim"}
# What an app subscribes to for the messages of each kind of conversation, and the scope that Slack wants for it.
MESSAGES = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
SCOPES = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "app_mention": "app_mentions:read",
    "member_joined_channel": "channels:read",
    "file_shared": "files:read",
    "app_home_opened": None,
}


@dataclass(frozen=True)
class Delivery:
    """One attempt at the Request URL; `status` None: no answer in time, or none at all."""

    event_id: str
    attempt: int
    status: int | None
    seconds: float


def envelope(workspace: Workspace, event: JSON, **extra: object) -> JSON:
    """Wrap an event as the Events API does."""
    number = workspace.number()
    return {
        "token": "verification-token-of-old",
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{number:08d}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-context-{number}",
        **extra,
    }


def message(conversation: Conversation, ts: str, text: str, user: str = PERSON, **fields: object) -> JSON:
    """Build a message event (and the message as the channel keeps it, which has the same fields)."""
    return {
        "type": "message",
        "user": user,
        "text": text,
        "ts": ts,
        "client_msg_id": f"client-{ts}",
        "team": TEAM,
        "channel": conversation.id,
        "event_ts": ts,
        "channel_type": CHANNEL_TYPES[conversation.kind],
        **fields,
    }


def signed(payload: JSON | bytes, secret: str, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """Return body and headers as Slack sends them (signature version v0)."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


@dataclass
class Sender:
    """Posts events to the app's Request URL. `hurry` divides the waits between the retries."""

    secret: str
    url: str | None = None
    hurry: float = 600
    timeout: float = 3
    parallel: int = 8
    deliveries: list[Delivery] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    async def verify(self, challenge: str) -> tuple[int, str]:
        """Send the url_verification that saving a Request URL causes: (status, body)."""
        body, headers = signed({"token": "x", "challenge": challenge, "type": "url_verification"}, self.secret)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url or "", data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    async def deliver(self, payload: JSON, copies: int = 1) -> None:
        """Deliver once, or `copies` times, eight at a time: each with retries of its own."""
        room = asyncio.Semaphore(self.parallel)

        async def one(session: aiohttp.ClientSession) -> None:
            async with room:
                await self._with_retries(session, payload)

        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout)) as session:
            await asyncio.gather(*(one(session) for _ in range(copies)))

    async def _with_retries(self, session: aiohttp.ClientSession, payload: JSON) -> None:
        reason = ""
        for attempt, wait in enumerate((0.0, *RETRY_AFTER)):
            await asyncio.sleep(wait / self.hurry)
            retry = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
            status, reason, answer_headers = await self._attempt(session, payload, attempt, retry)
            if status is not None and 200 <= status < 300:
                return
            if answer_headers.get("X-Slack-No-Retry") == "1":
                break
        self.given_up.append(payload["event_id"])

    async def _attempt(
        self, session: aiohttp.ClientSession, payload: JSON, attempt: int, retry: dict[str, str]
    ) -> tuple[int | None, str, Mapping[str, str]]:
        body, headers = signed(payload, self.secret)
        status, reason, answer_headers = None, "connection_failed", {}
        start = time.monotonic()
        try:
            async with session.post(
                self.url or "", data=body, headers=headers | retry, allow_redirects=False
            ) as answer:
                await answer.read()
                status, reason, answer_headers = answer.status, "http_error", dict(answer.headers)
        except TimeoutError:
            reason = "http_timeout"
        except aiohttp.ClientError:
            pass
        self.deliveries.append(Delivery(payload["event_id"], attempt, status, time.monotonic() - start))
        return status, reason, answer_headers
