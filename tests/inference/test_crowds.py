"""Many clients at once, slow captions, and clients that have gone when theirs is ready, over a real socket."""

import logging
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import Message
from http.client import HTTPResponse

import pytest

from common.contract import MAX_IMAGE_BYTES
from inference.arrivals import GRACE
from inference.settings import InferenceSettings
from tests.inference.serving import (
    HEAD,
    JPEG,
    PATIENT,
    Slow,
    answers,
    connected,
    eventually,
    gone,
    post,
    refused,
    serving,
)

WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(JPEG) + JPEG


def test_a_caption_that_takes_too_long_is_given_up() -> None:
    slow = Slow(600)
    with serving(InferenceSettings(caption_deadline=0.3), slow) as url:
        refused(post(url, content=JPEG), 504, "deadline_exceeded")
        assert slow.stopped.wait(60)


def test_who_finds_no_place_is_told_when_to_come_back() -> None:
    slow = Slow(600)
    with (
        serving(PATIENT, slow) as url,
        connected(url) as first,
        ThreadPoolExecutor(3) as pool,
    ):
        first.sendall(WHOLE)
        assert slow.started.wait(60)
        for answer in pool.map(lambda _: post(url, content=JPEG), range(3)):
            refused(answer, 503, "overloaded")
            assert int(answer.headers["Retry-After"]) >= 1


def test_a_hundred_clients_at_once_are_all_answered(url: str) -> None:
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda _: post(url, content=JPEG), range(100)))
    assert sum(answer.status_code == 200 for answer in found) >= 1
    for answer in found:
        if answer.status_code != 200:
            refused(answer, 503, "overloaded")
            assert int(answer.headers["Retry-After"]) >= 1


def test_more_photos_than_fit_in_memory_are_turned_away_while_they_arrive() -> None:
    clients, held = 24, 16
    begun = HEAD + b"Content-Length: %d\r\n\r\n" % MAX_IMAGE_BYTES + JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG) - 1)
    with serving(PATIENT, Slow(0)) as url, ExitStack() as stack:
        waiting = [stack.enter_context(connected(url)) for _ in range(clients)]
        for connection in waiting:
            connection.sendall(begun)
        assert eventually(lambda: len(readable(waiting)) >= clients - held, 120)
        for connection in readable(waiting):
            assert connection.recv(12) == b"HTTP/1.1 503"
        for connection in waiting:
            connection.close()
        assert eventually(lambda: answers(url))


def readable(connections: list[socket.socket]) -> list[socket.socket]:
    """The connections on which an answer has come."""
    return select.select(connections, [], [], 0)[0]


def answer_on(connection: socket.socket) -> tuple[int, Message, bytes]:
    """The status, headers and body of the next answer."""
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.headers, answer.read()


def test_a_client_that_hangs_up_frees_its_place() -> None:
    slow = Slow(600)
    with serving(PATIENT, slow) as url:
        with connected(url) as connection:
            connection.sendall(WHOLE)
            assert slow.started.wait(60)
        assert slow.stopped.wait(60)
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
    with serving(PATIENT, Slow(0)) as url:
        # Together they would fill the memory that uploads may take, had they left anything in it.
        for _ in range(40):
            with connected(url) as connection:
                connection.sendall(HEAD.replace(b"image/jpeg", kind) + length + begun)
        assert eventually(lambda: gone(caplog) == 40, 120)
        assert post(url, content=JPEG + bytes(5 * 1024 * 1024)).status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_sixteen_stalled_uploads_do_not_keep_another_one_waiting() -> None:
    begun = HEAD + b"Content-Length: %d\r\n\r\n" % MAX_IMAGE_BYTES + JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG) - 1)
    with serving(PATIENT, Slow(0)) as url, ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(connected(url)).sendall(begun)
        large = JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG))
        # While these are still let be: the others have to give way.
        started = time.monotonic()
        assert eventually(lambda: post(url, content=large).status_code == 200, 4)
        assert time.monotonic() - started < GRACE


def test_the_slowest_goes_first_and_is_told_so() -> None:
    begun = HEAD + b"Content-Length: %d\r\n\r\n" % MAX_IMAGE_BYTES + JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG) - 100_000)
    with serving(PATIENT, Slow(0)) as url, ExitStack() as stack:
        slow = [stack.enter_context(connected(url)) for _ in range(16)]
        for connection in slow:
            connection.sendall(begun)
        end = time.monotonic() + 3
        while time.monotonic() < end:  # drop by drop, but never silent
            for connection in slow:
                connection.sendall(bytes(500))
            time.sleep(0.2)
        assert post(url, content=JPEG + bytes(3_000_000)).status_code == 200
        assert eventually(lambda: len(readable(slow)) >= 1)
        status, headers, body = answer_on(readable(slow)[0])
        assert status == 503 and b"the slowest" in body and "Retry-After" in headers


def test_an_upload_that_stalls_is_ended_though_there_is_time() -> None:
    with serving(PATIENT, Slow(0)) as url, connected(url) as connection:
        connection.sendall(HEAD + b"Content-Length: 99999\r\n\r\n" + JPEG)
        started = time.monotonic()
        status, _, body = answer_on(connection)
        assert status == 504 and b"arrives too slowly" in body
        assert GRACE - 1 < time.monotonic() - started < 4 * GRACE


def test_a_slow_line_is_no_reason_to_be_refused() -> None:
    with serving(PATIENT, Slow(0)) as url, connected(url) as connection:
        body = JPEG + bytes(40_000)
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        started = time.monotonic()
        for at in range(0, len(body), 2000):
            connection.sendall(body[at : at + 2000])
            time.sleep(0.3)  # some 7 kB a second
        assert time.monotonic() - started > GRACE + 1
        assert connection.recv(12) == b"HTTP/1.1 200"
