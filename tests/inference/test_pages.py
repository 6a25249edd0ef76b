"""The page that the documentation shows, in a browser, from another origin than the endpoint's."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from inference.captioner import Captioner
from inference.settings import InferenceSettings
from tests.browser import launch
from tests.inference.serving import serving

ROOT = Path(__file__).parents[2]
[EXAMPLE] = re.findall(r"^```html\n(.*?)^```$", (ROOT / "docs" / "endpoint.md").read_text(), re.MULTILINE | re.DOTALL)
PHOTO = ROOT / "common" / "samples" / "cat.jpg"


@contextmanager
def pages(folder: Path) -> Iterator[str]:
    """Serve a folder's files; yields the origin."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser.new_page()
        browser.close()


def opened(page: Page, folder: Path, origin: str, url: str) -> None:
    assert "http://127.0.0.1:8000" in EXAMPLE
    (folder / "index.html").write_text(EXAMPLE.replace("http://127.0.0.1:8000", url))
    page.goto(f"{origin}/index.html")
    page.get_by_label("Photo").set_input_files(PHOTO)


def test_the_page_of_the_documentation_gets_its_caption(page: Page, tmp_path: Path, captioner: Captioner) -> None:
    with pages(tmp_path) as origin:
        settings = InferenceSettings(caption_deadline=600, cors_origins=frozenset({origin}))
        with serving(settings, captioner) as url:
            opened(page, tmp_path, origin, url)
            expect(page.get_by_role("status")).to_have_text(re.compile(r"\w+ \w+ \w+"), timeout=60_000)


def test_a_page_may_send_a_key_and_read_the_times(page: Page, tmp_path: Path, captioner: Captioner) -> None:
    with pages(tmp_path) as origin:
        settings = InferenceSettings(caption_deadline=600, cors_origins=frozenset({origin}))
        with serving(settings, captioner) as url:
            page.goto(origin)
            read = page.evaluate(
                """async (url) => {
                    const photo = await (await fetch("/photo.jpg")).blob();
                    const headers = { Authorization: "Bearer key", "Content-Type": "image/jpeg" };
                    const answer = await fetch(url, { method: "POST", headers, body: photo });
                    return [answer.status, answer.headers.get("Server-Timing"), answer.headers.get("X-Request-ID")];
                }""",
                f"{url}/caption/",
            )
            # There is no such photo, and the page of the server's refusal is no photo: a refusal can be read as well.
            assert read[0] == 415 and read[2]
            (tmp_path / "photo.jpg").write_bytes(PHOTO.read_bytes())
            read = page.evaluate(
                """async (url) => {
                    const photo = await (await fetch("/photo.jpg")).blob();
                    const headers = { Authorization: "Bearer key" };
                    const answer = await fetch(url, { method: "POST", headers, body: photo });
                    return [answer.status, answer.headers.get("Server-Timing")];
                }""",
                f"{url}/caption",
            )
            assert read[0] == 200 and "encode;dur=" in read[1]


def test_a_page_that_is_not_named_is_kept_out_by_the_browser(page: Page, tmp_path: Path, captioner: Captioner) -> None:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    with pages(tmp_path) as origin, serving(InferenceSettings(caption_deadline=600), captioner) as url:
        opened(page, tmp_path, origin, url)
        page.wait_for_timeout(3000)
        assert page.get_by_role("status").text_content() == ""
    assert any("CORS policy" in trouble for trouble in troubles)
