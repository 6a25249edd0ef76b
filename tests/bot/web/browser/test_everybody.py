"""The page is for everybody: on a phone, in the dark, by keyboard, with a screen reader."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.bot.web.browser.browsing import File, captions, messages, pick, samples
from tests.bot.web.browser.conftest import Server, visit

NO_PHOTO = File("a-file-name-that-goes-on-and-on-and-on-without-a-place-to-break-it-anywhere.pdf", b"%PDF-1.7")


def findings(page: Page) -> list[str]:
    """What axe-core holds to be serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{finding['id']}: {node['html']}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def converse(page: Page) -> None:
    """A conversation with a caption and a refusal."""
    samples(page).first.click()
    captions(page, 1)
    pick(page, NO_PHOTO)
    expect(messages(page, "assistant").get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    expect(page.get_by_role("region", name="Sidebar")).to_contain_text("Warm")
    assert findings(page) == []
    converse(page)
    assert findings(page) == []
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.get_by_role("button", name="Take Photo")).to_be_visible()
    assert findings(page) == []


@pytest.fixture
def phone(browser: Browser, web: Server) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True) as window:
        yield from visit(window, web)


def test_on_a_phone_nothing_is_wider_than_the_screen(phone: Page) -> None:
    page = phone
    converse(page)
    wide = """() => [...document.querySelectorAll("html, .stMain, .stMain *")].filter(element => {
        const style = getComputedStyle(element);
        return element.scrollWidth > innerWidth || (element.scrollWidth > element.clientWidth + 1
            && ["auto", "scroll"].includes(style.overflowX) && element.clientWidth > 0);
    }).map(element => element.outerHTML.slice(0, 200))"""
    assert page.evaluate(wide) == []
    alert = messages(page, "assistant").last.get_by_role("alert")
    # Streamlit mostly scrolls there by itself; here it is about the width.
    alert.scroll_into_view_if_needed()
    expect(alert).to_be_in_viewport()
    assert findings(page) == []
