"""The endpoint is asked in the background how it is."""

import time
from collections.abc import Callable

from bot.settings import BotSettings
from bot.web.lookout import Lookout
from tests.sandbox.endpoint import CaptionEndpoint


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_many_pages_ask_once(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    lookout = Lookout(settings)
    for _ in range(50):
        lookout.look(older_than=3600)
    wait_for(lambda: lookout.last)
    lookout.look(older_than=3600)
    assert lookout.last is not None and lookout.last.state is not None
    assert (lookout.last.state.engine, lookout.last.state.ready) == ("onnx", True)
    assert endpoint.pings == 1


def test_an_endpoint_that_goes_and_comes_is_noticed(settings: BotSettings, endpoint: CaptionEndpoint) -> None:
    lookout = Lookout(settings)
    endpoint.stop()
    lookout.look()
    wait_for(lambda: lookout.last)
    assert lookout.last is not None and lookout.last.state is None
    endpoint.start()
    first = lookout.last
    lookout.look()
    wait_for(lambda: lookout.last is not first)
    assert lookout.last.state is not None
