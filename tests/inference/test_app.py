"""The endpoint's contract over a real socket, with the starter model."""

import io
import json
import logging

import httpx
import pytest

from common import logs
from common.settings import Secret
from inference.captioner import Captioner
from inference.settings import InferenceSettings
from tests.inference.serving import JPEG, eventually, post, refused, serving


def test_a_photo_in_a_form_gets_a_caption(url: str) -> None:
    answer = post(url, files={"image": ("cat.jpg", JPEG, "image/jpeg")})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"caption", "confidence", "processing_time", "status"}
    assert body["status"] == "success"
    assert len(body["caption"].split()) > 2
    assert 0 < body["processing_time"] < 60
    timing = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
    assert set(timing) == {"screen", "encode", "decode"}
    assert all(float(value) > 0 for value in timing.values())


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "application/octet-stream", "IMAGE/JPEG; q=1", None])
def test_a_photo_as_the_body_gets_the_same_caption(url: str, kind: str | None) -> None:
    in_form = post(url, files={"image": JPEG}).json()["caption"]
    answer = post(url, content=JPEG, headers={"Content-Type": kind} if kind else {})
    assert answer.json()["caption"] == in_form


def test_a_request_id_is_returned_and_a_strange_one_replaced(url: str) -> None:
    answer = post(url, content=JPEG, headers={"X-Request-ID": "slack-Ev123"})
    assert answer.headers["X-Request-ID"] == "slack-Ev123"
    strange = httpx.get(f"{url}/ping", headers={"X-Request-ID": "a b<script>" + "x" * 200})
    assert strange.headers["X-Request-ID"].isalnum()


def test_only_the_key_opens_a_locked_endpoint(captioner: Captioner) -> None:
    with serving(InferenceSettings(inference_api_key=Secret("sésame")), captioner) as url:
        for header in ({}, {"Authorization": "Bearer nope"}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}):
            answer = post(url, content=JPEG, headers=header)
            refused(answer, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        key = {b"Authorization": "Bearer sésame".encode()}
        assert post(url, content=JPEG, headers=key).status_code == 200
        assert httpx.get(f"{url}/ping").status_code == 200


def test_a_ping_loads_the_model_and_a_photo_waits_for_it() -> None:
    with serving(InferenceSettings()) as url:
        assert httpx.get(f"{url}/ping").json() | {"ready": True} == {
            "status": "ok",
            "model": "starter",
            "engine": "onnx",
            "ready": True,
        }
        assert post(url, content=JPEG).status_code == 200
        assert httpx.get(f"{url}/ping").json()["ready"]
        assert httpx.get(f"{url}/").status_code == 200


def test_what_is_elsewhere_is_answered_in_the_same_shape(url: str) -> None:
    refused(httpx.get(f"{url}/nothing"), 404, "not_found")
    refused(httpx.get(f"{url}/caption"), 405, "method_not_allowed")


def test_the_documentation_shows_every_refusal(url: str) -> None:
    document = httpx.get(f"{url}/openapi.json", timeout=60).json()
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
        post(url, content=JPEG, headers={"X-Request-ID": "telegram-7"})
        assert eventually(lambda: "telegram-7" in stream.getvalue())
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    line = next(json.loads(text) for text in stream.getvalue().splitlines() if "telegram-7" in text)
    assert (line["path"], line["status"], line["format"], line["bytes"]) == ("/caption", 200, "JPEG", len(JPEG))
    assert line["encode"] > 0
