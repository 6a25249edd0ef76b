"""The captioning function as Lambda runs it: its init, one frozen process, a Function URL in front."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from common.screening import decode
from inference.captioner import Deadline
from inference.loading import STARTER, load_captioner
from inference.settings import InferenceSettings
from tests.inference.images import encoded, photo
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.lambda_function import LambdaFunction
from tests.sandbox.lambda_instance import FunctionError
from tests.sandbox.lambda_url import FunctionUrl

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")

JPEG = encoded(photo(), "JPEG")


@pytest.fixture(scope="module")
def function(aws: AwsSandbox) -> Iterator[LambdaFunction]:
    function = aws.function("inference.handler.handler", {"INFERENCE_API_KEY": "sandbox-key"}, concurrency=1)
    yield function
    function.kill()


@pytest.fixture(scope="module")
def client(function: LambdaFunction) -> Iterator[httpx.Client]:
    key = {"Authorization": "Bearer sandbox-key"}
    with httpx.Client(base_url=FunctionUrl(function).url, headers=key, timeout=60, trust_env=False) as client:
        yield client


def test_a_photo_gets_the_caption_that_it_gets_elsewhere(client: httpx.Client) -> None:
    captioner = load_captioner(InferenceSettings())
    expected = captioner.caption(decode(JPEG, captioner.input_size), Deadline.after(60)).text
    raw = client.post("/caption", content=JPEG, headers={"Content-Type": "image/jpeg", "X-Request-ID": "slack-Ev1"})
    form = client.post("/caption", files={"image": ("cat.jpg", JPEG, "image/jpeg")})
    assert raw.json()["caption"] == form.json()["caption"] == expected
    assert raw.headers["X-Request-ID"] == "slack-Ev1"


def test_what_is_no_photo_is_refused_as_elsewhere(client: httpx.Client) -> None:
    for body, status, code in ((b"", 400, "empty_image"), (b"<html>", 415, "unsupported_format")):
        answer = client.post("/caption", content=body, headers={"Content-Type": "image/jpeg"})
        assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert client.post("/caption", content=JPEG, headers={"Authorization": "Bearer other"}).status_code == 401
    assert client.get("/nothing").status_code == 404


def test_the_model_is_there_before_the_first_request(client: httpx.Client) -> None:
    assert client.get("/ping").json()["ready"] is True


@pytest.mark.parametrize(
    "event", [{"warm": True}, {"source": "aws.events", "detail-type": "Scheduled Event"}, {"source": "aws.scheduler"}]
)
def test_what_only_keeps_it_warm_is_answered_at_once(function: LambdaFunction, event: dict[str, object]) -> None:
    assert function.call(event) == {"warm": True}


def test_one_process_serves_one_request_after_the_other(function: LambdaFunction, client: httpx.Client) -> None:
    assert client.post("/caption", content=JPEG).status_code == 200
    [instance] = function.instances
    assert client.post("/caption", content=JPEG).status_code == 200
    assert function.instances == [instance]


def test_the_answer_comes_before_lambda_ends_the_invocation(function: LambdaFunction, client: httpx.Client) -> None:
    function.timeout, function.grace = 0.5, 60.0
    try:
        answer = client.post("/caption", content=JPEG)
    finally:
        function.timeout, function.grace = 30.0, 0.5
    assert (answer.status_code, answer.json()["error"]) == (504, "deadline_exceeded")
    assert client.post("/caption", content=JPEG).status_code == 200


def test_a_photo_too_large_for_an_event_does_not_get_through(client: httpx.Client) -> None:
    # In base64 it grows by a third, and an event holds six megabytes.
    assert client.post("/caption", content=JPEG + bytes(4_400_000)).status_code == 200
    assert client.post("/caption", content=JPEG + bytes(4_800_000)).status_code == 413


def test_a_photo_is_captioned_after_a_restart_from_a_snapshot(aws: AwsSandbox) -> None:
    function = aws.function("inference.handler.handler", {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})
    assert httpx.post(f"{FunctionUrl(function).url}/caption", content=JPEG, timeout=60).status_code == 200
    [instance] = function.instances
    assert instance.restored


def test_a_setting_that_is_wrong_is_named_in_the_init(aws: AwsSandbox) -> None:
    with pytest.raises(FunctionError) as error:
        aws.function("inference.handler.handler", {"CAPTION_DEADLINE": "soon"}).call({"warm": True})
    assert "CAPTION_DEADLINE" in error.value.message


def test_a_model_that_is_not_whole_is_named_in_the_init(aws: AwsSandbox, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes((STARTER / "manifest.json").read_bytes())
    with pytest.raises(FunctionError) as error:
        aws.function("inference.handler.handler", {"CAPTION_MODEL": str(tmp_path)}).call({"warm": True})
    assert error.value.kind == "ModelError"
    assert f"{tmp_path}/" in error.value.message


def test_nothing_is_imported_that_a_request_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import inference.handler, json, sys; print(json.dumps(list(sys.modules)))"],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    roots = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "onnxruntime" in roots
    assert not roots & {"bot", "boto3", "click", "httpx", "sympy", "torch", "transformers", "uvicorn", "webhooks"}
