"""Front doors to be compared, each run in a process of its own: `python -m tests.bench.front_doors NAME REQUESTS`.

Each verifies a signed photo event and hands it over before it answers 200. Bolt's adapter for AWS Lambda hands it over
as its lazy listeners do, by invoking its own function again; that call goes to a server on this machine, which does
nothing. Neither calls Slack. Prints, as JSON, the seconds that each of the requests took.
"""

import json
import os
import sys
import time
from collections.abc import Callable

SECRET = "bench-signing-secret"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:front-door"


def delivery(number: int) -> tuple[bytes, dict[str, str]]:
    """A photo event, as Slack sends it now."""
    import hashlib
    import hmac

    event = {
        "type": "message",
        "subtype": "file_share",
        "channel": f"C{number % 50}",
        "user": "U1",
        "ts": f"{number}.1",
        "files": [
            {"id": f"F{number}", "mimetype": "image/jpeg", "size": 812_345, "thumb_360": "https://example.org/t"}
        ],
    }
    envelope = {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": f"Ev{number}"}
    body = json.dumps(envelope | {"event": event}).encode()
    stamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    return body, {
        "content-type": "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }


def ours() -> Callable[[int], int]:
    """The front door as a function: settings, verification, inbox."""
    import asyncio

    from bot.settings import BotSettings
    from common.settings import read_settings
    from webhooks.deliveries import answer
    from webhooks.local.mailbox import Mailbox
    from webhooks.slack import Slack

    settings = read_settings(BotSettings)
    assert settings.slack_signing_secret is not None
    slack = Slack(settings.slack_signing_secret.reveal())
    inbox = Mailbox(settings.inbox_url.reveal())
    loop = asyncio.new_event_loop()

    def receive(number: int) -> int:
        body, headers = delivery(number)
        return loop.run_until_complete(answer(slack, inbox, headers, body)).status

    return receive


def bolt() -> Callable[[int], int]:
    """Bolt's adapter for AWS Lambda with a lazy listener, set up so that it makes no call it can do without."""
    from types import SimpleNamespace
    from typing import Any

    from slack_bolt import Ack, App
    from slack_bolt.adapter.aws_lambda import SlackRequestHandler
    from slack_bolt.authorization import AuthorizeResult

    app = App(
        signing_secret=SECRET,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-bench", bot_user_id="U2"),
        process_before_response=True,
    )

    def acknowledge(ack: Ack) -> None:
        ack()

    def caption(event: dict[str, Any]) -> None:
        """What the second invocation would do."""

    app.event({"type": "message", "subtype": "file_share"})(ack=acknowledge, lazy=[caption])
    handler = SlackRequestHandler(app)
    context = SimpleNamespace(function_name="front-door", invoked_function_arn=FUNCTION)

    def receive(number: int) -> int:
        body, headers = delivery(number)
        event = {
            "version": "2.0",
            "requestContext": {"http": {"method": "POST", "path": "/slack/events"}},
            "headers": headers,
            "body": body.decode(),
            "isBase64Encoded": False,
        }
        return int(handler.handle(event, context)["statusCode"])  # type: ignore[no-untyped-call]  # (Bolt's)

    return receive


def main() -> None:
    """Time the requests; the first one of a fresh process is what its cold start is about."""
    receive = {"ours": ours, "bolt": bolt}[sys.argv[1]]()
    seconds = []
    for number in range(int(sys.argv[2])):
        start = time.perf_counter()
        status = receive(number)
        seconds.append(time.perf_counter() - start)
        assert status == 200, status
    os.write(1, json.dumps(seconds).encode())


if __name__ == "__main__":
    main()
