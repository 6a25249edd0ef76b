"""The demo's pages: the chat, and what its Slack and its Telegram hold."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.bot.web.browser.browsing import PATIENCE, File, captions, pick, samples
from tests.bot.web.browser.conftest import START
from tests.bot.web.browser.test_everybody import findings
from tests.cli.terminal import heed_interrupts
from tests.inference.images import encoded, photo

# Each in the words of the bot, as the terminal shows them.
THREAD = re.compile(r"Slack: \S+ sent to #general\r\n  ([^\r]+)\r\n")
ALBUM = re.compile(r"1\. ([^\r]+)\r\n  2\. ([^\r]+)\r\n  3\. ([^\r]+)\r\n")
ADDRESS = re.compile(r"In the browser: (http://[\d.:]+)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A demo that stays up, as it does for a person: what it said, and its page's address."""
    folder: Path = tmp_path_factory.mktemp("demo")
    terminal = pexpect.spawn(
        sys.executable,
        ["-c", START, "demo"],
        cwd=folder,
        timeout=240,
        encoding="utf-8",
        dimensions=(50, 200),
        preexec_fn=heed_interrupts,
    )
    terminal.expect("Ctrl-C stops everything")
    said = re.sub(r"\x1b\[\d*m", "", terminal.before or "")
    address = ADDRESS.search(said)
    assert address, said
    yield said, address[1]
    terminal.sendintr()
    terminal.expect("Good-bye")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.fixture
def tab(window: BrowserContext) -> Iterator[Page]:
    page = window.new_page()
    yield page
    page.close()


def test_the_demo_opens_onto_a_chat_that_captions(demo: tuple[str, str], tab: Page) -> None:
    _, address = demo
    tab.goto(address)
    samples(tab).first.click(timeout=PATIENCE)
    captions(tab, 1)
    for name in ("Slack", "Telegram"):
        expect(tab.get_by_role("link", name=name)).to_be_visible()


def test_the_slack_page_shows_the_thread_and_answers_alice(demo: tuple[str, str], tab: Page) -> None:
    said, address = demo
    tab.goto(f"{address}/slack")
    reply = THREAD.search(said)
    assert reply
    expect(tab.locator("section.slack")).to_contain_text(reply[1], timeout=PATIENCE)
    assert findings(tab) == []
    pick(tab, File("mine.png", encoded(photo(), "PNG"), "image/png"))
    expect(tab.locator("section.slack .thread .bot")).to_have_count(2, timeout=PATIENCE)
    expect(tab.get_by_role("img", name="mine.png")).to_be_visible()


def test_the_telegram_page_shows_the_album_with_its_one_answer(demo: tuple[str, str], tab: Page) -> None:
    said, address = demo
    tab.goto(f"{address}/telegram")
    album = ALBUM.search(said)
    assert album
    answers = tab.locator("section.telegram .bot")
    expect(answers).to_have_count(1, timeout=PATIENCE)
    for caption in album.groups():
        expect(answers).to_contain_text(caption)
    expect(tab.locator("section.telegram .person img")).to_have_count(3)
    assert findings(tab) == []
