"""The sidebar tells the truth about the endpoint, and an endpoint in trouble is told with a way on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.bot.web.browser.browsing import PATIENCE, captions, messages, samples
from tests.bot.web.browser.conftest import Endpoint
from tests.bot.web.browser.test_everybody import findings


@pytest.fixture
def trouble(endpoint: Endpoint) -> Iterator[Endpoint]:
    """An endpoint that may be stopped or frozen; afterwards it is well again."""
    yield endpoint
    endpoint.thaw()


def sample(page: Page) -> None:
    samples(page).first.click()


def test_the_sidebar_names_the_captioner_and_says_that_it_is_warm(page: Page, endpoint: Endpoint) -> None:
    sidebar = page.get_by_role("region", name="Sidebar")
    expect(sidebar).to_contain_text("Warm")
    for fact in ("starter", "onnx", endpoint.url):
        expect(sidebar.get_by_text(fact, exact=True)).to_be_visible()


def test_an_endpoint_that_is_down_is_said_so_and_the_photo_is_captioned_once_it_is_back(
    page: Page, trouble: Endpoint
) -> None:
    trouble.stop()
    try:
        sample(page)
        answer = messages(page, "assistant").last
        expect(answer.get_by_role("alert")).to_contain_text("captionbot serve", timeout=PATIENCE)
        expect(page.get_by_role("region", name="Sidebar")).to_contain_text(trouble.url, timeout=PATIENCE)
        expect(page.get_by_role("region", name="Sidebar").get_by_role("alert")).to_be_visible(timeout=PATIENCE)
        assert findings(page) == []
    finally:
        trouble.start()
    expect(page.get_by_role("region", name="Sidebar")).to_contain_text("Warm", timeout=PATIENCE)
    page.get_by_role("button", name="Try again").click()
    captions(page, 1)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_slow_endpoint_is_waited_for_with_a_spinner_that_counts(page: Page, trouble: Endpoint) -> None:
    expect(page.get_by_role("region", name="Sidebar")).to_contain_text("Warm", timeout=PATIENCE)
    trouble.freeze()
    sample(page)
    expect(messages(page, "assistant").last).to_contain_text("Looking at the photo", timeout=PATIENCE)
    expect(messages(page, "assistant").last).to_contain_text(re.compile(r"\([2-9]"), timeout=PATIENCE)
    captions(page, 0)
    trouble.thaw()
    captions(page, 1)


def test_what_is_sent_while_another_photo_is_looked_at_is_answered_too(page: Page, trouble: Endpoint) -> None:
    trouble.freeze()
    sample(page)
    expect(messages(page, "assistant").last).to_contain_text("Looking at the photo", timeout=PATIENCE)
    samples(page).last.click()
    trouble.thaw()
    captions(page, 2)
