"""Calls of a captioning function that takes only signed ones."""

from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from bot.client import CaptionClient
from bot.errors import TryAgain
from bot.settings import BotSettings
from common.settings import Secret, SettingsError
from tests.sandbox.lambda_function import REGION
from tests.sandbox.lambda_url import CREDENTIALS, authentic
from tests.sandbox.servers import Servers

IMAGE = b"\xff\xd8\xff any bytes"
Change = Callable[[bytes], bytes]


class Function:
    """Takes signed calls; `changed` is what happens to a body on its way."""

    def __init__(self) -> None:
        self.calls: list[bool] = []
        self.authorizations: list[str] = []
        self.changed: Change = bytes

    async def handle(self, request: web.Request) -> web.Response:
        signed = authentic(request, self.changed(await request.read()))
        self.calls.append(signed)
        self.authorizations.append(request.headers["Authorization"])
        if not signed:
            return web.json_response({"Message": "Forbidden"}, status=403)
        return web.json_response({"caption": "a boat", "processing_time": 0.1, "status": "success"})


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def settings(function: Function) -> Iterator[BotSettings]:
    servers = Servers("function")
    servers.start()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", function.handle)
    url = servers.run(servers.serve(app, 0, patience=0.05))
    key = Secret("sandbox-inference-key")
    yield BotSettings(inference_url=url, inference_auth="iam", inference_api_key=key, caption_timeout=5)
    servers.stop()


@pytest.mark.usefixtures("credentials")
async def test_a_call_is_signed_and_the_key_stays_here(settings: BotSettings, function: Function) -> None:
    async with CaptionClient(settings) as client:
        assert await client.caption(IMAGE, "slack-Ev1") == "a boat"
        await client.ping()
    assert function.calls == [True, True]
    assert "sandbox-inference-key" not in str(function.authorizations)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ACCESS_KEY_ID", "AKIAOTHER"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
        ("AWS_SESSION_TOKEN", "other"),
        ("AWS_REGION", "eu-west-1"),
    ],
)
async def test_somebody_elses_signature_is_refused_and_the_photo_waits(
    settings: BotSettings, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    async with CaptionClient(settings) as client:
        with pytest.raises(TryAgain) as again:
            await client.caption(IMAGE, "slack-Ev1")
    assert "403" in again.value.reason


@pytest.mark.usefixtures("credentials")
async def test_a_photo_that_is_changed_on_its_way_does_not_match_its_signature(
    settings: BotSettings, function: Function
) -> None:
    function.changed = lambda body: body + b"!"
    async with CaptionClient(settings) as client:
        with pytest.raises(TryAgain):
            await client.caption(IMAGE, "slack-Ev1")


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that AWS knows nothing of."""
    for name in (*CREDENTIALS, "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    from common import aws

    aws._chain.cache_clear()


@pytest.mark.usefixtures("stranger")
def test_without_credentials_a_function_url_is_no_endpoint_to_start_with() -> None:
    plain = BotSettings(inference_url="http://127.0.0.1:8000")
    CaptionClient(plain)
    function = "https://abc123.lambda-url.eu-central-1.on.aws/"
    with pytest.raises(SettingsError, match="INFERENCE_URL"):
        CaptionClient(BotSettings(inference_url=function))
    # A function that takes everybody's calls and looks at the key.
    CaptionClient(BotSettings(inference_url=function, inference_auth="key"))
