"""Clients that send too much, too little, too slowly or all at once, over a real socket."""

import http.client
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import NoReturn

import pytest

from common.connection import LONGEST_HEAD
from common.contract import MAX_IMAGE_BYTES
from inference.settings import InferenceSettings
from tests.inference.serving import HEAD, JPEG, Slow, answers, connected, eventually, everything, gone, serving


def status_of(answer: http.client.HTTPResponse) -> tuple[int, str]:
    return answer.status, json.loads(answer.read())["error"]


def said_to(url: str, data: bytes) -> bytes:
    """What the endpoint says to these bytes until it hangs up."""
    with connected(url) as connection:
        connection.sendall(data)
        return everything(connection)


def send_without_end(connection: socket.socket) -> NoReturn:
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


# --- too much --------------------------------------------------------------------------------------------------------


def test_a_photo_declared_too_large_is_refused_before_it_is_sent(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.putrequest("POST", "/caption")
    connection.putheader("Content-Type", "image/jpeg")
    connection.putheader("Content-Length", str(MAX_IMAGE_BYTES + 1))
    connection.endheaders()
    assert status_of(connection.getresponse()) == (413, "image_too_large")
    connection.close()


@pytest.mark.parametrize("kind", ["image/jpeg", "multipart/form-data; boundary=x"])
def test_a_body_that_hides_its_length_is_refused_at_the_limit(url: str, kind: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
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
    with serving(InferenceSettings(caption_deadline=0.5), Slow(0)) as url, connected(url) as connection:
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
    said = said_to(url, HEAD + b"Content-Length: %d\r\n\r\n" % half + JPEG + b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"] == "corrupt_image"
    assert answers(url)


@pytest.mark.parametrize(
    "data",
    [b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00", b"POST /caption SPDY\r\n\r\n", HEAD + b"no colon\r\n\r\n"],
    ids=["words", "TLS", "protocol", "header"],
)
def test_what_is_no_http_is_refused_in_the_same_shape(url: str, data: bytes) -> None:
    said = said_to(url, data)
    assert said.startswith(b"HTTP/1.1 400")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"] == "bad_request"
    assert answers(url)


def test_a_photo_in_chunks_of_one_byte_gets_its_caption(url: str) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in JPEG) + b"0\r\n\r\n"
    said = said_to(url, HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks)
    assert said.startswith(b"HTTP/1.1 200")


def test_a_chunk_that_is_none_is_refused_at_once(url: str) -> None:
    said = said_to(url, HEAD + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n\xff\xd8")
    assert said.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("start", [HEAD, HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"], ids=["head", "trailer"])
def test_a_head_without_end_is_refused_at_its_limit(url: str, start: bytes) -> None:
    with connected(url) as connection, suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(start + b"X-Filler: " + b"x" * (LONGEST_HEAD - 1000))
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(b"x" * 2 * LONGEST_HEAD)
        assert connection.recv(12) == b"HTTP/1.1 431"
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
    said = said_to(url, HEAD + lengths + b"Connection: close\r\n\r\n" + JPEG)
    assert said.split()[1] in {b"400", b"413"}
    assert answers(url)


def test_of_two_lengths_the_chunks_win(url: str) -> None:
    chunked = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    said = said_to(url, HEAD + chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(JPEG), JPEG))
    assert said.split()[1] in {b"200", b"400"}
    assert answers(url)


# --- too slowly ------------------------------------------------------------------------------------------------------


@pytest.fixture
def hurried() -> Iterator[str]:
    """An endpoint with half a second for everything."""
    with serving(InferenceSettings(caption_deadline=0.5), Slow(0)) as url:
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
        said += everything(connection)
        assert said.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 408" in said


def test_a_connection_without_a_request_is_closed(hurried: str) -> None:
    with connected(hurried) as connection:
        assert connection.recv(1) == b""


def test_two_hundred_slow_clients_keep_nobody_waiting(url: str) -> None:
    with ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(connected(url))
            connection.sendall(HEAD if number % 2 else HEAD + b"Content-Length: 9999\r\n\r\n\xff\xd8\xff")
        assert answers(url)
