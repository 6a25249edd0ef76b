"""Secrets that only have a name in the environment."""

from collections.abc import Iterator

import pytest
from aiohttp import web

from bot.settings import BotSettings
from common.settings import SettingsError, read_settings
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.lambda_function import REGION
from tests.sandbox.lambda_url import CREDENTIALS
from tests.sandbox.servers import Servers


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def stores(aws: AwsSandbox, monkeypatch: pytest.MonkeyPatch) -> AwsSandbox:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    return aws


def test_secrets_are_fetched_by_their_names(stores: AwsSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    stores.ssm.put_parameter(Name="/bot/slack", Value="xoxb-from-the-store", Type="SecureString", Overwrite=True)
    arn = stores.ssm.get_parameter(Name="/bot/slack")["Parameter"]["ARN"]
    made = stores.secrets.create_secret(Name="bot/telegram", SecretString="123:from-the-manager\n")
    monkeypatch.setenv("SLACK_BOT_TOKEN_PARAMETER", "/bot/slack")
    monkeypatch.setenv("SLACK_SIGNING_SECRET_PARAMETER", arn)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN_SECRET", "bot/telegram")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET_SECRET", made["ARN"])
    settings = read_settings(BotSettings)
    found = {secret.reveal() for secret in settings.secrets}
    assert {"xoxb-from-the-store", "123:from-the-manager"} <= found
    assert settings.slack_signing_secret == settings.slack_bot_token
    assert settings.telegram_webhook_secret == settings.telegram_bot_token
    assert "from-the" not in repr(settings)


def test_a_value_of_its_own_wins_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SLACK_BOT_TOKEN_PARAMETER", "/bot/slack")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-own")
    settings = read_settings(BotSettings)
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.reveal() == "xoxb-own"


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize("setting", ["SLACK_BOT_TOKEN_PARAMETER", "SLACK_BOT_TOKEN_SECRET"])
def test_a_name_under_which_there_is_nothing_is_told(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv(setting, "/nowhere")
    with pytest.raises(SettingsError, match=setting):
        read_settings(BotSettings)


def test_an_empty_secret_is_told(stores: AwsSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    stores.ssm.put_parameter(Name="/bot/blank", Value=" \n", Type="SecureString", Overwrite=True)
    monkeypatch.setenv("SLACK_BOT_TOKEN_PARAMETER", "/bot/blank")
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN_PARAMETER"):
        read_settings(BotSettings)


@pytest.fixture
def denying(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS, for a role that may do nothing."""

    async def deny(_: web.Request) -> web.Response:
        error = {"__type": "AccessDeniedException", "Message": "User: … is not authorized to perform: …"}
        return web.json_response(error, status=400)

    servers = Servers("denying")
    servers.start()
    app = web.Application()
    app.router.add_post("/", deny)
    monkeypatch.setenv("AWS_ENDPOINT_URL", servers.run(servers.serve(app, 0, patience=0.05)))
    yield
    servers.stop()


@pytest.mark.usefixtures("denying")
@pytest.mark.parametrize(
    ("setting", "action"),
    [("SLACK_BOT_TOKEN_PARAMETER", "ssm:GetParameters"), ("SLACK_BOT_TOKEN_SECRET", "secretsmanager:GetSecretValue")],
)
def test_a_role_that_may_not_read_a_secret_is_told_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, setting: str, action: str
) -> None:
    monkeypatch.setenv(setting, "/bot/slack")
    with pytest.raises(SettingsError) as error:
        read_settings(BotSettings)
    assert setting in str(error.value)
    assert action in str(error.value)
    # Nor would it help to allow more on AWS, where the boundary of all roles leaves no key but AWS's own.
    assert "kms" not in str(error.value)
    assert f"AWS's own key (aws/{action.partition(':')[0]})" in str(error.value)


def test_a_store_that_gives_no_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("SLACK_BOT_TOKEN_PARAMETER", "/bot/slack")
    with pytest.raises(SettingsError, match=r"SLACK_BOT_TOKEN_PARAMETER.*Unreachable"):
        read_settings(BotSettings)
