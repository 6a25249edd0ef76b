"""The endpoint as a Lambda function behind a Function URL: `inference.handler.handler`.

Everything is loaded at import, which Lambda runs as the function's init: ahead of the first photo, with more CPU than
the function has afterwards, and once for all instances where SnapStart is on.
"""

import asyncio
import logging
from typing import Any

from inference.startup import load, startup

MARGIN = 0.5  # seconds of an invocation that are left for the answer's way

with startup() as _background:
    from common import logs
    from common.invocations import Context, invoked, is_warming
    from common.metrics import publish
    from common.settings import read_settings
    from inference.metrics import METRICS
    from inference.settings import InferenceSettings

    _settings = read_settings(InferenceSettings)
    logs.configure(secrets=_settings.secrets)
    publish(METRICS)
    # It logs each request too, and less of it.
    logging.getLogger("mangum.http").setLevel(logging.WARNING)
    _loading = load(_settings, _background)
    from mangum import Mangum
    from starlette.types import Receive, Scope, Send

    from inference.endpoint import create_app
_app = create_app(_settings, _loading.result())


async def _bounded(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell the app how long this invocation may last."""
    context: Context = scope["aws.context"]
    scope["state"] = {"seconds_left": context.get_remaining_time_in_millis() / 1000 - MARGIN}
    await _app(scope, receive, send)


# Mangum runs every request in the current loop. It has to be the same one for the life of the process, because the
# app's locks belong to a loop.
asyncio.set_event_loop(asyncio.new_event_loop())
# Lifespan events would come with every invocation.
_answer = Mangum(_bounded, lifespan="off")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 (Mangum's type for it is its own)
    """Answer an event of a Function URL (payload version 2.0), or one that only keeps the function warm."""
    invoked()
    if is_warming(event):
        return {"warm": True}
    return _answer(event, context)
