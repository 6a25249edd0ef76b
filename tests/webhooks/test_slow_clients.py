"""The front door, which anybody can reach, and clients that don't finish what they begin."""

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.commands import captionbot, running
from tests.ports import free_port, wait_for_port
from tests.webhooks.conftest import TELEGRAM_SECRET, Door

HEAD = b"POST /telegram/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {"TELEGRAM_WEBHOOK_SECRET": TELEGRAM_SECRET, "INBOX_URL": f"sqlite:///{tmp_path}/inbox.sqlite"}


@pytest.fixture
def port(tmp_path: Path, settings: dict[str, str]) -> Iterator[int]:
    port = free_port()
    with running("webhooks", "--only", "door", "--port", str(port), cwd=tmp_path, settings=settings):
        wait_for_port(port)
        yield port


def test_who_does_not_finish_a_head_or_a_body_is_hung_up_on_and_keeps_nobody_waiting(port: int) -> None:
    beginnings = [b"", b"POST /telegram", HEAD, HEAD + b"\r\n", HEAD + b"\r\n{"]
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 120)) for _ in range(100)]
        for number, connection in enumerate(connections):
            connection.sendall(beginnings[number % len(beginnings)])
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=60).text == "ok"
        said = [connection.recv(12) for connection in connections[: len(beginnings)]]
    assert said == [b"", *[b"HTTP/1.1 408"] * 4]


def test_a_delivery_that_breaks_off_is_no_error_of_ours(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    address = urlsplit(door.url)
    with socket.create_connection((address.hostname, address.port or 80)) as connection:
        connection.sendall(HEAD + b"\r\n{")
    assert httpx.get(door.url, timeout=60).status_code == 200
    assert door.taken() == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_port_in_use_says_so_and_how_to_name_another(tmp_path: Path, settings: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = captionbot("webhooks", "--port", port, cwd=tmp_path, settings=settings)
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr and "in use" in done.stderr and "--port" in done.stderr
