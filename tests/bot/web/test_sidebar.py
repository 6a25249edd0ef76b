"""The sidebar says how the endpoint is, and nothing better."""

import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from bot.settings import BotSettings
from bot.web import health, sidebar
from tests.sandbox.endpoint import CaptionEndpoint


def page(settings: "BotSettings") -> None:
    from bot.web.sidebar import show_captioner

    show_captioner(settings)


class Sidebar:
    """The sidebar, drawn again and again as on an open page."""

    def __init__(self, settings: BotSettings) -> None:
        self._drawn = AppTest.from_function(page, args=(settings,), default_timeout=60)

    def glance(self) -> str:
        self._drawn.run()
        assert not self._drawn.exception
        boxes = [*self._drawn.info, *self._drawn.success, *self._drawn.error]
        return " ".join(box.value for box in boxes)

    @property
    def facts(self) -> list[str]:
        return [text.value for text in self._drawn.text]

    def wait_for(self, words: str) -> None:
        end = time.monotonic() + 60
        while words not in self.glance():
            assert time.monotonic() < end, self.glance()
            time.sleep(0.05)


@pytest.fixture
def drawn(settings: BotSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sidebar]:
    monkeypatch.setattr(sidebar, "WARM_FOR", 0.0)
    yield Sidebar(settings)
    health.monitor.cache_clear()


def test_an_endpoint_that_sleeps_is_woken_then_loads_then_is_warm(drawn: Sidebar, endpoint: CaptionEndpoint) -> None:
    endpoint.ready, endpoint.ping_pause = False, 0.5
    assert "Waking" in drawn.glance()
    drawn.wait_for("loading its model")
    assert drawn.facts == ["stand-in", "onnx", endpoint.url]
    endpoint.ready, endpoint.ping_pause = True, 0.0
    drawn.wait_for("Warm")


def test_an_endpoint_that_went_away_is_not_called_warm(drawn: Sidebar, endpoint: CaptionEndpoint) -> None:
    drawn.wait_for("Warm")
    endpoint.stop()
    drawn.wait_for("captionbot serve")
    endpoint.start()
    drawn.wait_for("Warm")


def test_an_endpoint_that_hangs_is_not_called_warm(
    drawn: Sidebar, endpoint: CaptionEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidebar, "LONG", 0.2)
    drawn.wait_for("Warm")
    endpoint.ping_pause = 4
    drawn.wait_for("takes long to answer")
