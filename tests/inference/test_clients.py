"""Clients of many kinds, as people use them: each gets its caption, and each hears a refusal, however much it sends."""

import asyncio
import http.client
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
import requests

from common import connection
from common.contract import MAX_IMAGE_BYTES
from common.settings import Secret
from inference.settings import InferenceSettings
from tests.inference.serving import JPEG, PATIENT, Slow, connected, everything, serving

MEGABYTE = 1_000_000
CLIENTS = Path(__file__).parent / "clients"
HEADERS = {"Content-Type": "image/jpeg"}
Said = tuple[int, str]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(PATIENT, Slow(0)) as url:
        yield f"{url}/caption"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A file of each size in megabytes (0: a photo), sparse on the disk."""
    folder = tmp_path_factory.mktemp("files")
    found = {size: folder / f"{size}.jpg" for size in (0, 7, 20, 200)}
    for size, file in found.items():
        with file.open("wb") as stream:
            stream.write(JPEG)
            if size:
                stream.truncate(size * MEGABYTE)
    return found


def with_urllib(url: str, file: Path) -> Said:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, file.read_bytes(), HEADERS)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


def with_http_client(url: str, file: Path) -> Said:
    address = urlsplit(url)
    client = http.client.HTTPConnection(address.netloc)
    client.request("POST", address.path, file.read_bytes(), HEADERS)
    answer = client.getresponse()
    said = answer.status, answer.read().decode()
    client.close()
    return said


def with_requests(url: str, file: Path, **headers: str) -> Said:
    with requests.Session() as session:
        answer = session.post(url, file.read_bytes(), headers=HEADERS | headers)
        return answer.status_code, answer.text


def with_requests_that_closes(url: str, file: Path) -> Said:
    return with_requests(url, file, Connection="close")


def with_httpx(url: str, file: Path) -> Said:
    answer = httpx.post(url, content=file.read_bytes(), headers=HEADERS, timeout=120)
    return answer.status_code, answer.text


def with_httpx_that_closes(url: str, file: Path) -> Said:
    answer = httpx.post(url, content=file.read_bytes(), headers=HEADERS | {"Connection": "close"}, timeout=120)
    return answer.status_code, answer.text


def with_aiohttp(url: str, file: Path, expect: bool = False) -> Said:
    async def send() -> Said:
        async with aiohttp.ClientSession() as session:
            with file.open("rb") as data:
                async with session.post(url, data=data, headers=HEADERS, expect100=expect) as answer:
                    return answer.status, await answer.text()

    return asyncio.run(send())


def with_aiohttp_that_asks(url: str, file: Path) -> Said:
    return with_aiohttp(url, file, expect=True)


def of_program(*command: str | Path) -> Said:
    """The first word that a program prints is the status, and the rest what was answered."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    status, _, said = done.stdout.partition(" ")
    return int(status), said


def curl(*options: str) -> Callable[[str, Path], Said]:
    def send(url: str, file: Path) -> Said:
        kind = ("-H", "Content-Type: image/jpeg", "--data-binary", f"@{file}")
        given = ("-F", f"image=@{file}") if "form" in options else kind
        written = ("-s", "-S", "-w", "\n%{http_code}", *(option for option in options if option != "form"))
        done = subprocess.run(["curl", *written, *given, url], capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        said, _, status = done.stdout.rpartition("\n")
        return int(status), said

    return send


def with_node_fetch(url: str, file: Path) -> Said:
    return of_program("node", CLIENTS / "fetch.mjs", url, file)


def with_node_http(url: str, file: Path) -> Said:
    return of_program("node", CLIENTS / "http.mjs", url, file)


def with_java(url: str, file: Path) -> Said:
    return of_program("java", CLIENTS / "Send.java", url, file)


NO_EXPECT = ("-H", "Expect:")
SENDERS: dict[str, Callable[[str, Path], Said]] = {
    "urllib": with_urllib,
    "http.client": with_http_client,
    "requests": with_requests,
    "requests, closing": with_requests_that_closes,
    "httpx": with_httpx,
    "httpx, closing": with_httpx_that_closes,
    "aiohttp": with_aiohttp,
    "aiohttp, asking first": with_aiohttp_that_asks,
    "curl": curl(),
    "curl, not asking first": curl(*NO_EXPECT),
    "curl, closing": curl(*NO_EXPECT, "-H", "Connection: close"),
    "curl, HTTP/1.0": curl("-0"),
    "curl, HTTP/2": curl("--http2"),
    "curl, HTTP/2, not asking first": curl("--http2", *NO_EXPECT),
    "curl, a form": curl("form"),
    "curl, in chunks": curl("-H", "Transfer-Encoding: chunked"),
    "node, fetch": with_node_fetch,
    "node, http": with_node_http,
    "java": with_java,
}
PROGRAMS = {"curl", "node", "java"}


@pytest.fixture(params=SENDERS)
def send(request: pytest.FixtureRequest) -> Callable[[str, Path], Said]:
    name: str = request.param
    program = name.partition(",")[0]
    if program in PROGRAMS and shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    return SENDERS[name]


def test_each_gets_its_caption(server: str, files: dict[int, Path], send: Callable[[str, Path], Said]) -> None:
    status, said = send(server, files[0])
    assert (status, json.loads(said)["caption"]) == (200, "at last")


@pytest.mark.parametrize("megabytes", [7, 20, 200])
def test_each_hears_that_its_photo_is_too_large(
    server: str, files: dict[int, Path], send: Callable[[str, Path], Said], megabytes: int
) -> None:
    status, said = send(server, files[megabytes])
    assert (status, json.loads(said)["error"]) == (413, "image_too_large")


def test_each_hears_that_it_lacks_the_key(files: dict[int, Path], send: Callable[[str, Path], Said]) -> None:
    with serving(InferenceSettings(inference_api_key=Secret("key")), Slow(0)) as url:
        status, said = send(f"{url}/caption", files[20])
    assert (status, json.loads(said)["error"]) == (401, "unauthorized")


def test_forty_times_of_forty(server: str, files: dict[int, Path]) -> None:
    for _ in range(40):
        assert with_urllib(server, files[7])[0] == 413


def sent_until_cut_off(client: socket.socket, piece: bytes, most: int, pause: float = 0) -> int:
    """How many bytes a client can send until its connection is cut."""
    sent = 0
    try:
        while sent < most:
            sent += client.send(piece)
            time.sleep(pause)
    except (BrokenPipeError, ConnectionResetError):
        return sent
    raise AssertionError("nobody cut it off")


def test_after_a_refusal_no_more_is_read_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_BYTES", 20 * MEGABYTE)
    head = b"POST /caption HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n"
    for close in (b"Connection: close\r\n", b""):
        with serving(PATIENT, Slow(0)) as url, connected(url) as client:
            client.sendall(head % (200 * MEGABYTE) + close + b"\r\n")
            sent = sent_until_cut_off(client, bytes(MEGABYTE), most=200 * MEGABYTE)
            assert 20 * MEGABYTE <= sent < 40 * MEGABYTE  # what is on its way in the sockets' buffers comes on top


def test_who_falls_silent_after_a_refusal_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SILENCE", 0.2)
    with serving(PATIENT, Slow(0)) as url, connected(url) as client:
        client.sendall(b"POST /caption HTTP/1.0\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\nx")
        said = everything(client)  # the answer, and at once the end of what is said
        assert said.startswith(b"HTTP/1.1 415")
        # Each silence is longer than is waited for; and that the connection is gone shows at the write after the next.
        assert sent_until_cut_off(client, b"x", most=200, pause=0.25) < 20


def test_who_asks_first_and_is_refused_need_not_send(server: str) -> None:
    with connected(server) as client:
        client.sendall(
            b"POST /caption HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % (MAX_IMAGE_BYTES + 1)
        )
        said = everything(client)
        assert said.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in said.lower()


def test_a_wish_for_another_protocol_is_ignored_in_whatever_pieces_it_comes(server: str) -> None:
    request = (
        b"POST /caption HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nContent-Type: image/jpeg\r\n"
    )
    length, chunked = b"Content-Length: %d\r\n\r\n" % len(JPEG), b"Transfer-Encoding: chunked\r\n\r\n"
    for whole in (request + length + JPEG, request + chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(JPEG), JPEG)):
        for size in (len(whole), 1000, 7):
            with connected(server) as client:
                for at in range(0, len(whole), size):
                    client.sendall(whole[at : at + size])
                assert client.recv(12) == b"HTTP/1.1 200"
                # And the next request on the same connection is read as well.
                while not client.recv(65536).endswith(b"}"):
                    pass
                client.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 200"
