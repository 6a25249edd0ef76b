"""The endpoint over a real socket, with the starter model."""

import contextlib
import http.client
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from PIL.Image import Image

from inference import logs
from inference.app import create_app
from inference.captioner import Caption, Captioner, Deadline, load_captioner
from inference.contract import MAX_IMAGE_BYTES
from inference.settings import InferenceSettings
from tests.inference.images import animation, encoded, photo, pixel_bomb

JPEG = encoded(photo(), "JPEG")


@contextmanager
def serving(settings: InferenceSettings, captioner: Captioner | None = None) -> Iterator[str]:
    """The endpoint on a free port; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    config = uvicorn.Config(create_app(settings, captioner), log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    return load_captioner(InferenceSettings())


@pytest.fixture(scope="module")
def url(captioner: Captioner) -> Iterator[str]:
    with serving(InferenceSettings(), captioner) as address:
        yield address


class Slow:
    """A captioner whose steps take long; `stopped` is set when one is told to stop."""

    model, engine, input_size = "slow", "onnx", (224, 224)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = threading.Event()
        self.stopped = threading.Event()

    def caption(self, image: Image, deadline: Deadline) -> Caption:
        self.started.set()
        end = time.monotonic() + self.seconds
        try:
            while time.monotonic() < end:
                deadline.check()
                time.sleep(0.005)
        except Exception:
            self.stopped.set()
            raise
        return Caption("at last", 0.0, self.seconds)


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def refused(answer: httpx.Response, status: int, code: str) -> str:
    body = answer.json()
    assert (answer.status_code, body["status"], body["error"]) == (status, "error", code), body
    assert "Traceback" not in answer.text
    message: str = body["message"]
    assert message[0].isupper()
    assert message.endswith((".", ")"))
    return message


def test_a_photo_in_a_form_gets_a_caption(url: str) -> None:
    answer = httpx.post(f"{url}/caption", files={"image": ("cat.jpg", JPEG, "image/jpeg")})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"caption", "processing_time", "status"}
    assert body["status"] == "success"
    assert len(body["caption"].split()) > 2
    assert 0 < body["processing_time"] < 60
    timing = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
    assert set(timing) == {"screen", "encode", "decode"}
    assert all(float(value) > 0 for value in timing.values())


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "application/octet-stream", "IMAGE/JPEG; q=1", None])
def test_a_photo_as_the_body_gets_the_same_caption(url: str, kind: str | None) -> None:
    in_form = httpx.post(f"{url}/caption", files={"image": JPEG}).json()["caption"]
    answer = httpx.post(f"{url}/caption", content=JPEG, headers={"Content-Type": kind} if kind else {})
    assert answer.json()["caption"] == in_form


def test_a_request_id_is_returned_and_a_strange_one_replaced(url: str) -> None:
    answer = httpx.post(f"{url}/caption", content=JPEG, headers={"X-Request-ID": "slack-Ev123"})
    assert answer.headers["X-Request-ID"] == "slack-Ev123"
    strange = httpx.get(f"{url}/ping", headers={"X-Request-ID": "a b<script>" + "x" * 200})
    assert strange.headers["X-Request-ID"].isalnum()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "empty_image"),
        (b"no image at all", 415, "unsupported_format"),
        (b"<html><body>log in</body></html>", 415, "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported_format"),
        (b"%PDF-1.4 ...", 415, "unsupported_format"),
        (JPEG[: len(JPEG) // 2], 400, "corrupt_image"),
        (b"\xff\xd8\xff", 400, "corrupt_image"),
        (pixel_bomb(), 413, "too_many_pixels"),
    ],
    ids=["empty", "text", "html", "svg", "pdf", "half", "magic", "bomb"],
)
def test_what_is_no_photo_is_refused_both_ways(url: str, data: bytes, status: int, code: str) -> None:
    raw = httpx.post(f"{url}/caption", content=data, headers={"Content-Type": "image/jpeg"})
    refused(raw, status, code)
    form = httpx.post(f"{url}/caption", files={"image": ("photo.jpg", data, "image/jpeg")})
    refused(form, status, code)


def test_a_photo_declared_too_large_is_refused_before_it_is_sent(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/caption")
    connection.putheader("Content-Type", "image/jpeg")
    connection.putheader("Content-Length", str(MAX_IMAGE_BYTES + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error"] == "image_too_large"
    connection.close()


def test_a_photo_that_grows_past_the_limit_is_refused_while_it_streams(url: str) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(400):
            sent += 1
            yield bytes(64 * 1024)

    # The server answers and closes while the client still writes, so that the client may see either.
    with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        refused(
            httpx.post(f"{url}/caption", content=endless(), headers={"Content-Type": "image/jpeg"}),
            413,
            "image_too_large",
        )
    assert httpx.get(f"{url}/ping").json()["ready"]


def test_a_form_may_be_as_large_as_its_image_and_no_larger(url: str) -> None:
    largest = JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG))
    assert httpx.post(f"{url}/caption", files={"image": largest}).status_code == 200
    refused(httpx.post(f"{url}/caption", files={"image": largest + b"\0"}), 413, "image_too_large")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"--x\r\n", "multipart/form-data; boundary=y", 400, "corrupt_image"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 400, "empty_image"),
        (b"anything", "multipart/form-data", 400, "corrupt_image"),
        (JPEG, "application/json", 415, "unsupported_format"),
        (JPEG, "text/plain", 415, "unsupported_format"),
    ],
    ids=["wrong boundary", "no part", "no boundary", "json", "text"],
)
def test_a_broken_form_is_refused(url: str, body: bytes, kind: str, status: int, code: str) -> None:
    refused(httpx.post(f"{url}/caption", content=body, headers={"Content-Type": kind}), status, code)


def test_a_form_without_the_field_or_with_two_photos_is_refused(url: str) -> None:
    assert "`image`" in refused(httpx.post(f"{url}/caption", files={"photo": JPEG}), 400, "empty_image")
    refused(httpx.post(f"{url}/caption", data={"image": "a name only"}, files={"x": b""}), 400, "empty_image")
    two = [("image", ("a.jpg", JPEG)), ("image", ("b.jpg", JPEG))]
    assert "one image" in refused(httpx.post(f"{url}/caption", files=two), 400, "corrupt_image")


def test_animations_are_captioned_by_their_first_frame(url: str) -> None:
    assert httpx.post(f"{url}/caption", content=animation(300)).status_code == 200


def test_only_the_key_opens_a_locked_endpoint(captioner: Captioner) -> None:
    settings = InferenceSettings.model_validate({"inference_api_key": "sésame"})
    with serving(settings, captioner) as url:
        for header in ({}, {"Authorization": "Bearer nope"}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}):
            answer = httpx.post(f"{url}/caption", content=JPEG, headers=header)
            refused(answer, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        key = {b"Authorization": "Bearer sésame".encode()}
        assert httpx.post(f"{url}/caption", content=JPEG, headers=key).status_code == 200
        assert httpx.get(f"{url}/ping").status_code == 200


def test_a_ping_loads_the_model_and_a_photo_waits_for_it() -> None:
    with serving(InferenceSettings()) as url:
        assert httpx.get(f"{url}/ping").json() | {"ready": True} == {
            "status": "ok",
            "model": "starter",
            "engine": "onnx",
            "ready": True,
        }
        assert httpx.post(f"{url}/caption", content=JPEG, timeout=60).status_code == 200
        assert httpx.get(f"{url}/ping").json()["ready"]
        assert httpx.get(f"{url}/").status_code == 200


def test_without_its_model_the_endpoint_says_so_and_is_unhealthy(tmp_path: object) -> None:
    settings = InferenceSettings.model_validate({"caption_model": str(tmp_path), "caption_engine": "torch"})
    with serving(settings) as url:
        answer = httpx.post(f"{url}/caption", content=JPEG, timeout=60)
        refused(answer, 503, "overloaded")
        assert answer.headers["Retry-After"]
        assert httpx.get(f"{url}/").status_code == 503


def test_a_caption_that_takes_too_long_is_given_up() -> None:
    slow = Slow(60)
    with serving(InferenceSettings.model_validate({"caption_deadline": 0.3}), slow) as url:
        refused(httpx.post(f"{url}/caption", content=JPEG, timeout=30), 504, "deadline_exceeded")
    assert slow.stopped.is_set()


def test_a_photo_that_trickles_in_is_given_up() -> None:
    with serving(InferenceSettings.model_validate({"caption_deadline": 0.5}), Slow(0)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(
                b"POST /caption HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 999\r\n\r\n\xff"
            )
            assert connection.recv(64).startswith(b"HTTP/1.1 504")


def test_who_finds_no_place_is_told_when_to_come_back() -> None:
    slow = Slow(3)
    with (
        serving(InferenceSettings.model_validate({"caption_deadline": 4.0}), slow) as url,
        ThreadPoolExecutor(3) as pool,
    ):
        answers = list(pool.map(lambda _: httpx.post(f"{url}/caption", content=JPEG, timeout=30), range(3)))
        busy = [answer for answer in answers if answer.status_code != 200]
        assert len(busy) == 2
        for answer in busy:
            refused(answer, 503, "overloaded")
            assert int(answer.headers["Retry-After"]) >= 1


def test_a_hundred_clients_at_once_are_all_answered(url: str) -> None:
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{url}/caption", content=JPEG, timeout=60), range(100)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 1


def test_a_client_that_hangs_up_frees_its_place() -> None:
    slow = Slow(60)
    with serving(InferenceSettings.model_validate({"caption_deadline": 60.0}), slow) as url:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/caption", content=JPEG, timeout=1)
        assert slow.started.is_set()
        assert slow.stopped.wait(20)
        slow.seconds = 0
        assert eventually(lambda: httpx.post(f"{url}/caption", content=JPEG, timeout=30).status_code == 200)


def test_what_is_elsewhere_is_answered_in_the_same_shape(url: str) -> None:
    refused(httpx.get(f"{url}/nothing"), 404, "not_found")
    refused(httpx.get(f"{url}/caption"), 405, "method_not_allowed")


def test_the_documentation_shows_every_refusal(url: str) -> None:
    document = httpx.get(f"{url}/openapi.json").json()
    responses = document["paths"]["/caption"]["post"]["responses"]
    assert set(responses) >= {"200", "400", "401", "413", "415", "503", "504"}
    assert "422" not in responses
    assert set(responses["413"]["content"]["application/json"]["examples"]) == {"image_too_large", "too_many_pixels"}
    assert httpx.get(f"{url}/docs").status_code == 200


def test_a_request_is_one_line_of_json_in_the_log(url: str) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure()
    try:
        handler = root.handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        httpx.post(f"{url}/caption", content=JPEG, headers={"X-Request-ID": "telegram-7"})
        assert eventually(lambda: "telegram-7" in stream.getvalue())
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    line = next(json.loads(text) for text in stream.getvalue().splitlines() if "telegram-7" in text)
    assert (line["path"], line["status"], line["format"], line["bytes"]) == ("/caption", 200, "JPEG", len(JPEG))
    assert line["encode"] > 0
