"""One who delivers events evenly over some seconds: `python -m tests.bench.deliver`, told what and where on stdin.

Reads `{"url", "payloads", "seconds"}` as JSON and prints the milliseconds that each delivery waited for its 200.
"""

import asyncio
import json
import sys
import time
from typing import Any

import httpx

from tests.bench.servers import SILENCE
from tests.sandbox.slack import SIGNING_SECRET
from tests.sandbox.slack_events import signed


async def deliver(url: str, payloads: list[dict[str, Any]], seconds: float) -> list[float]:
    """Deliver each event at its time, however long the one before it waits."""
    start = time.monotonic()
    # By itself httpx keeps a silent connection as long as uvicorn does, and would now and then ask one that is closed.
    limits = httpx.Limits(keepalive_expiry=SILENCE)
    async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as client:

        async def one(number: int, payload: dict[str, Any]) -> float:
            await asyncio.sleep(max(0.0, start + number * seconds / len(payloads) - time.monotonic()))
            body, headers = signed(payload, SIGNING_SECRET)
            begun = time.perf_counter()
            try:
                answer = await client.post(url, content=body, headers=headers)
            except httpx.TransportError:  # Slack's first retry comes at once, too
                answer = await client.post(url, content=body, headers=headers)
            waited = time.perf_counter() - begun
            answer.raise_for_status()
            return waited * 1e3

        return list(await asyncio.gather(*(one(number, payload) for number, payload in enumerate(payloads))))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(deliver(**json.load(sys.stdin)))))
