"""What the front door's and the worker's lines count for on one machine, and what the inbox holds, for Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bot.settings import BotSettings
from common.invocations import invoked
from common.metrics import Metric, Table
from common.port import bound
from common.prometheus import Recorder
from webhooks.inbox import is_queue
from webhooks.local.mailbox import Mailbox
from webhooks.metrics import METRICS as SHARED

METRICS: Table = {
    **SHARED,
    ("webhooks.attempts", "not answered yet"): (Metric("Retries", on_aws=False),),
}


@contextmanager
def measured(settings: BotSettings) -> Iterator[None]:
    """Tell Prometheus of this process, where METRICS_PORT says on which port. Raises PortTaken."""
    if not settings.metrics_port:
        yield
        return
    from prometheus_client import start_http_server

    url = settings.inbox_url.reveal()
    inbox = None if is_queue(url) else Mailbox(url)
    gauges = {}
    if inbox is not None:
        gauges["QueueDepth"] = ("Events that still have to be answered.", lambda: float(inbox.backlog().events))
        gauges["QueueAgeSeconds"] = ("For how long the oldest of them has waited.", lambda: _age(inbox))
    # For the sentence: what listens there afterwards would only raise an OSError.
    bound("0.0.0.0", settings.metrics_port).close()  # noqa: S104 (for Prometheus, on another machine or container)
    with Recorder(METRICS, gauges) as recorder:
        server, thread = start_http_server(settings.metrics_port, registry=recorder.registry())
        invoked()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            if inbox is not None:
                inbox.close()


def _age(inbox: Mailbox) -> float:
    oldest = inbox.backlog().oldest
    return 0.0 if oldest is None else max(0.0, time.time() - oldest)
