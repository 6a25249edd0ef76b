"""The endpoint stops: what came whole is answered, what is still to come is not waited for, nobody is hung up on."""

import logging
import socket
import threading
import time

import pytest

from inference.settings import InferenceSettings
from tests.inference.serving import HEAD, JPEG, PATIENT, Painter, Slow, connected, everything, post, serving

WHOLE = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(JPEG), JPEG)


def test_an_upload_that_stalls_does_not_hold_a_stop(caplog: pytest.LogCaptureFixture) -> None:
    with serving(InferenceSettings(caption_deadline=60), Painter()) as url:
        connection = connected(url)
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + JPEG[:10])
        time.sleep(0.3)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 5
    said = everything(connection)
    connection.close()
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"I am being restarted" in said
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_photo_that_came_whole_is_answered_by_a_server_that_stops() -> None:
    captioner, answers = Slow(1.0), []
    with serving(PATIENT, captioner) as url:
        asking = threading.Thread(target=lambda: answers.append(post(url, content=JPEG)))
        asking.start()
        assert captioner.started.wait(30)
    asking.join()
    assert [answer.status_code for answer in answers] == [200]


def test_a_client_that_ends_its_half_has_hung_up_and_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    # From here it looks like one that is gone, whose place somebody else wants.
    slow = Slow(600)
    with serving(PATIENT, slow) as url, connected(url) as connection:
        connection.sendall(WHOLE)
        assert slow.started.wait(60)
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b""
        assert slow.stopped.wait(60)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_client_that_ends_halfway_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with serving(PATIENT, Painter()) as url:
        with connected(url) as connection:
            connection.sendall(WHOLE[:-10])
            connection.shutdown(socket.SHUT_WR)
            everything(connection)
        assert post(url, content=JPEG).status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
