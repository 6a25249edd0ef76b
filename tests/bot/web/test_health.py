"""The endpoint is asked in the background how it is."""

import time
from collections.abc import Callable

from bot.settings import BotSettings
from bot.web.health import HealthMonitor
from tests.sandbox.endpoint import CaptionEndpoint


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_many_pages_ask_once(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    monitor = HealthMonitor(settings)
    for _ in range(50):
        monitor.look(older_than=3600)
    wait_for(lambda: monitor.last)
    monitor.look(older_than=3600)
    assert monitor.last is not None and monitor.last.state is not None
    assert (monitor.last.state.engine, monitor.last.state.ready) == ("onnx", True)
    assert endpoint.pings == 1


def test_an_endpoint_that_goes_and_comes_is_noticed(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    monitor = HealthMonitor(settings)
    endpoint.stop()
    monitor.look()
    wait_for(lambda: monitor.last)
    assert monitor.last is not None and monitor.last.state is None
    endpoint.start()
    first = monitor.last
    monitor.look()
    wait_for(lambda: monitor.last is not first)
    assert monitor.last.state is not None
