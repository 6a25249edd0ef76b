"""Clients that send too much, too little, too slowly or all at once, over a real socket."""

import http.client
import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import NoReturn

import httpx
import pytest

from inference.contract import MAX_IMAGE_BYTES
from tests.inference.serving import JPEG, Slow, connected, eventually, refused, serving, settings_of

HEAD = b"POST /caption HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"


def status_of(answer: http.client.HTTPResponse) -> tuple[int, str]:
    return answer.status, json.loads(answer.read())["error"]


def everything(url: str, data: bytes) -> bytes:
    """What the endpoint says to these bytes until it hangs up."""
    with connected(url) as connection:
        connection.sendall(data)
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
        return said


def send_without_end(connection: socket.socket) -> NoReturn:
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def answers(url: str) -> bool:
    return httpx.post(f"{url}/caption", content=JPEG, timeout=60).status_code == 200


def gone(caplog: pytest.LogCaptureFixture) -> int:
    """How many requests ended without anybody to answer."""
    return sum(vars(record).get("status") == 499 for record in caplog.records)


# --- too much --------------------------------------------------------------------------------------------------------


def test_a_photo_declared_too_large_is_refused_before_it_is_sent(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/caption")
    connection.putheader("Content-Type", "image/jpeg")
    connection.putheader("Content-Length", str(MAX_IMAGE_BYTES + 1))
    connection.endheaders()
    assert status_of(connection.getresponse()) == (413, "image_too_large")
    connection.close()


@pytest.mark.parametrize("kind", ["image/jpeg", "multipart/form-data; boundary=x"])
def test_a_body_that_hides_its_length_is_refused_at_the_limit(url: str, kind: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/caption")
    connection.putheader("Content-Type", kind)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    if kind.startswith("multipart"):
        part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        connection.send(b"%x\r\n%s\r\n" % (len(part), part))
    # No last chunk: the answer comes while the body goes on.
    for _ in range(MAX_IMAGE_BYTES // 65536 + 2):
        connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert status_of(connection.getresponse()) == (413, "image_too_large")
    connection.close()


def test_who_goes_on_sending_after_a_refusal_is_hung_up_on() -> None:
    with serving(settings_of(caption_deadline=0.5), Slow(0)) as url, connected(url) as connection:
        connection.sendall(HEAD.replace(b"image/jpeg", b"text/plain") + b"Transfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 415")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_without_end(connection)


# --- lengths that lie ------------------------------------------------------------------------------------------------


def test_a_length_that_promises_more_than_comes_harms_nobody(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with connected(url) as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (2 * len(JPEG)) + JPEG)
    assert eventually(lambda: gone(caplog) == 1)
    assert answers(url)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_length_that_promises_less_than_comes_cuts_the_photo_there(url: str) -> None:
    half = len(JPEG) // 2
    said = everything(url, HEAD + b"Content-Length: %d\r\n\r\n" % half + JPEG + b"\r\n\r\n")
    first, _, second = said.partition(b"HTTP/1.1 400 Bad Request\r\n")[2].partition(b"HTTP/1.1 ")
    assert json.loads(first.partition(b"\r\n\r\n")[2])["error"] == "corrupt_image"
    assert second.startswith(b"400"), "what comes after the photo is no request"
    assert answers(url)


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: -1\r\n",
        b"Content-Length: many\r\n",
        b"Content-Length: 1e3\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
    ],
    ids=["negative", "word", "exponent", "superscript", "two", "huge"],
)
def test_a_length_that_is_none_is_refused(url: str, lengths: bytes) -> None:
    said = everything(url, HEAD + lengths + b"Connection: close\r\n\r\n" + JPEG)
    assert said.split()[1] in {b"400", b"413"}
    assert answers(url)


def test_of_two_lengths_the_chunks_win(url: str) -> None:
    chunked = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    said = everything(url, HEAD + chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(JPEG), JPEG))
    assert said.split()[1] in {b"200", b"400"}
    assert answers(url)


# --- too slowly ------------------------------------------------------------------------------------------------------


@pytest.fixture
def hurried() -> Iterator[str]:
    """An endpoint with half a second for everything."""
    with serving(settings_of(caption_deadline=0.5), Slow(0)) as url:
        yield url


def test_a_photo_that_trickles_in_is_given_up(hurried: str) -> None:
    with connected(hurried) as connection:
        connection.sendall(HEAD + b"Content-Length: 999\r\n\r\n\xff")
        assert connection.recv(12) == b"HTTP/1.1 504"


def test_a_form_that_trickles_in_is_given_up(hurried: str) -> None:
    with connected(hurried) as connection:
        form = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 999\r\n\r\n--x"
        connection.sendall(b"POST /caption HTTP/1.1\r\nHost: x\r\n" + form)
        assert connection.recv(12) == b"HTTP/1.1 504"


def test_a_request_whose_head_does_not_end_is_given_up(hurried: str) -> None:
    with connected(hurried) as connection:
        connection.sendall(b"POST /caption HTTP/1.1\r\nHost:")
        connection.settimeout(0.05)
        said = b""
        for _ in range(600):
            with suppress(TimeoutError, BrokenPipeError):
                said += connection.recv(65536)
            if said:
                break
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"x")
        assert said.startswith(b"HTTP/1.1 408")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["error"] == "request_timeout"


def test_a_second_request_whose_head_does_not_end_is_given_up_too(hurried: str) -> None:
    with connected(hurried) as connection:
        connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /ping HTTP/1.1\r\n")
        said = b""
        while not said.endswith(b"}"):
            said += connection.recv(65536)
        connection.sendall(b"Host: ")
        while chunk := connection.recv(65536):
            said += chunk
        assert said.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 408" in said


def test_a_connection_without_a_request_is_closed(hurried: str) -> None:
    with connected(hurried) as connection:
        assert connection.recv(1) == b""


def test_two_hundred_slow_clients_keep_nobody_waiting(hurried: str) -> None:
    with ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(connected(hurried))
            connection.sendall(HEAD if number % 2 else HEAD + b"Content-Length: 9999\r\n\r\n\xff\xd8\xff")
        assert httpx.post(f"{hurried}/caption", content=JPEG).status_code == 200


def test_a_caption_that_takes_too_long_is_given_up() -> None:
    slow = Slow(60)
    with serving(settings_of(caption_deadline=0.3), slow) as url:
        refused(httpx.post(f"{url}/caption", content=JPEG, timeout=30), 504, "deadline_exceeded")
    assert slow.stopped.is_set()


# --- all at once -----------------------------------------------------------------------------------------------------


def test_who_finds_no_place_is_told_when_to_come_back() -> None:
    slow = Slow(3)
    with serving(settings_of(caption_deadline=4.0), slow) as url, ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{url}/caption", content=JPEG, timeout=30), range(3)))
        busy = [answer for answer in answers if answer.status_code != 200]
        assert len(busy) == 2
        for answer in busy:
            refused(answer, 503, "overloaded")
            assert int(answer.headers["Retry-After"]) >= 1


def test_a_hundred_clients_at_once_are_all_answered(url: str) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{url}/caption", content=JPEG, timeout=60), range(100)))
    assert sum(answer.status_code == 200 for answer in answers) >= 1
    for answer in answers:
        if answer.status_code != 200:
            refused(answer, 503, "overloaded")
            assert int(answer.headers["Retry-After"]) >= 1


def test_more_photos_than_fit_in_memory_are_turned_away_while_they_arrive() -> None:
    large = JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG))
    slow = Slow(60)
    with serving(settings_of(caption_deadline=30), slow) as url, ExitStack() as stack:
        for _ in range(17):
            connection = stack.enter_context(connected(url))
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(large) + large[:-1])
        answer = httpx.post(f"{url}/caption", content=large, timeout=60)
        refused(answer, 503, "overloaded")
        assert answer.headers["Retry-After"] == "1"


# --- gone again ------------------------------------------------------------------------------------------------------


def test_a_client_that_hangs_up_frees_its_place() -> None:
    slow = Slow(60)
    with serving(settings_of(caption_deadline=60.0), slow) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/caption", content=JPEG, timeout=1)
        assert slow.started.is_set()
        assert slow.stopped.wait(20)
        slow.seconds = 0
        assert eventually(lambda: answers(url))


@pytest.mark.parametrize("kind", [b"image/jpeg", b"multipart/form-data; boundary=x"])
def test_a_client_that_hangs_up_while_it_sends_leaves_no_bytes_behind(
    kind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    begun = (part if kind.startswith(b"multipart") else b"") + JPEG + bytes(4 * 1024 * 1024)
    length = b"Content-Length: %d\r\n\r\n" % (len(begun) + 1000)
    with serving(settings_of(caption_deadline=60), Slow(0)) as url:
        # Together they would fill the memory that uploads may take, had they left anything in it.
        for _ in range(40):
            with connected(url) as connection:
                connection.sendall(HEAD.replace(b"image/jpeg", kind) + length + begun)
        assert eventually(lambda: gone(caplog) == 40)
        assert httpx.post(f"{url}/caption", content=JPEG + bytes(5 * 1024 * 1024)).status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
