"""The Lambda in miniature does what Lambda documents."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.sandbox.lambda_function import LambdaFunction, Throttled
from tests.sandbox.lambda_instance import FunctionError
from tests.sandbox.lambda_url import FunctionUrl
from tests.sandbox.servers import Servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")

LIMIT = 6 * 1024 * 1024


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers("lambda")
    servers.start()
    yield servers
    servers.stop()


@pytest.fixture
def echo(servers: Servers, tmp_path: Path) -> Iterator[LambdaFunction]:
    function = LambdaFunction(servers, "tests.sandbox.echo.handler", {}, tmp_path / "log.txt", concurrency=1)
    yield function
    function.kill()


def test_an_instance_is_kept_and_lies_frozen_between_two_invocations(echo: LambdaFunction) -> None:
    first = echo.call({"number": 1})
    time.sleep(0.5)
    second = echo.call({"number": 2})
    assert (first["event"], second["event"]) == ({"number": 1}, {"number": 2})
    assert first["process"] == second["process"]
    assert second["ticks"] - first["ticks"] < 25, "half a second has fifty"


def test_the_context_knows_how_much_time_is_left(echo: LambdaFunction) -> None:
    assert 20 < echo.call({})["left"] <= 30


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"raise": "why"}, "ValueError"),
        ({"exit": 3}, "Runtime.ExitError"),
        ({"large": LIMIT + 1}, "Function.ResponseSizeTooLarge"),
    ],
)
def test_what_fails_is_told_and_the_next_invocation_goes_well(
    echo: LambdaFunction, event: dict[str, object], kind: str
) -> None:
    with pytest.raises(FunctionError) as error:
        echo.call(event)
    assert error.value.kind == kind
    assert echo.call({"number": 1})["event"] == {"number": 1}


def test_an_invocation_that_takes_too_long_ends_with_its_process(echo: LambdaFunction) -> None:
    before = echo.call({})["process"]
    echo.timeout = 0.5
    with pytest.raises(FunctionError) as error:
        echo.call({"sleep": 60})
    assert error.value.kind == "Sandbox.Timedout"
    echo.timeout = 30
    assert echo.call({})["process"] != before


def test_an_init_that_fails_is_told(servers: Servers, tmp_path: Path) -> None:
    function = LambdaFunction(servers, "tests.sandbox.echo.handler", {"BREAKS": "no"}, tmp_path / "log.txt")
    with pytest.raises(FunctionError) as error:
        function.call({})
    assert (error.value.kind, error.value.message) == ("RuntimeError", "no")


def test_who_finds_every_instance_at_work_is_throttled(echo: LambdaFunction) -> None:
    url = FunctionUrl(echo).url
    echo.call({})
    busy = threading.Thread(target=echo.call, args=({"sleep": 3},))
    busy.start()
    time.sleep(0.5)
    with pytest.raises(Throttled):
        echo.call({})
    assert httpx.get(url).status_code == 429
    busy.join()
    assert httpx.get(url).status_code == 200


def test_a_function_url_makes_an_event_of_a_request(echo: LambdaFunction) -> None:
    url = FunctionUrl(echo).url
    text = httpx.post(f"{url}/a/b?c=d&c=e", json={"x": "é"}, headers={"X-Some": "thing"}).json()["event"]
    assert (text["version"], text["rawPath"], text["rawQueryString"]) == ("2.0", "/a/b", "c=d&c=e")
    assert text["headers"]["x-some"] == "thing"
    assert text["requestContext"]["http"]["method"] == "POST"
    assert (text["body"], text["isBase64Encoded"]) == ('{"x":"é"}', False)
    binary = httpx.post(url, content=b"\xff\xd8", headers={"Content-Type": "image/jpeg"}).json()["event"]
    assert (binary["body"], binary["isBase64Encoded"]) == ("/9g=", True)
    assert "body" not in httpx.get(url).json()["event"]


def test_a_function_url_refuses_what_no_event_can_hold(echo: LambdaFunction) -> None:
    url = FunctionUrl(echo).url
    assert httpx.post(url, content=bytes(LIMIT * 3 // 4)).status_code == 413
    text = {"Content-Type": "text/plain"}
    assert httpx.post(url, content=b"x" * LIMIT, headers=text).status_code == 413
    assert httpx.post(url, content=b"x" * (LIMIT * 3 // 4), headers=text).status_code == 200
