"""A Lambda handler that does what its event says."""

import os
import sys
import threading
import time
from typing import Any

if "BREAKS" in os.environ:
    raise RuntimeError(os.environ["BREAKS"])

ticks = 0


def _tick() -> None:
    global ticks
    while True:
        time.sleep(0.01)
        ticks += 1


threading.Thread(target=_tick, daemon=True).start()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 (Lambda's)
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "large" in event:
        return {"large": "x" * event["large"]}
    time.sleep(event.get("sleep", 0))
    return {
        "event": event,
        "process": os.getpid(),
        "ticks": ticks,
        "left": context.get_remaining_time_in_millis() / 1000,
        "modules": len(sys.modules),
    }
