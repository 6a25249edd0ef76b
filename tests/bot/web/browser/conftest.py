"""The page as people see it: a browser, the web server and the endpoint with the real model, each a process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import launch
from tests.ports import free_port, wait_for_port

START = "from cli.main import main; main()"


class Server:
    """`captionbot ARGUMENTS --port PORT` as a process, which may be stopped, started again, and frozen."""

    def __init__(self, log: Path, *arguments: str, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._command = [sys.executable, "-c", START, *arguments, "--port", str(self.port)]
        root = str(Path(__file__).parents[4])
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": root, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.log.parent, env=self._environment, stdout=log, stderr=log
            )
        wait_for_port(self.port, 120)

    def stop(self) -> None:
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        assert self._process is not None
        self._process.wait(30)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class Endpoint(Server):
    """The captioner; its log tells how often it was asked for a caption."""

    @property
    def asked(self) -> int:
        return self.log.read_text().count('"/caption"')


@pytest.fixture(scope="package")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    server = Endpoint(tmp_path_factory.mktemp("endpoint") / "log.txt", "serve", "--host", "127.0.0.1")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def web(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("web") / "log.txt", "web", INFERENCE_URL=endpoint.url)
    server.start()
    httpx.get(server.url).raise_for_status()
    yield server
    server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log, log


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A window whose tabs share what the browser has cached of Streamlit."""
    with browser.new_context() as window:
        yield window


@pytest.fixture
def page(window: BrowserContext, web: Server) -> Iterator[Page]:
    """The page in a new tab. It must keep to this machine, and no script in it may fail."""
    yield from visit(window, web)


def visit(window: BrowserContext, web: Server) -> Iterator[Page]:
    page = window.new_page()
    wrong: list[str] = []
    page.on("request", lambda request: None if _is_here(request.url) else wrong.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(web.url)
    page.get_by_role("group", name="Sample photos").wait_for(timeout=60_000)
    yield page
    page.close()
    assert not wrong


def _is_here(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:"))
