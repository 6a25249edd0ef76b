"""The bot's settings: read once from the environment, typed and frozen."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.secrets import NamedSecrets
from inference.contract import MAX_IMAGE_BYTES


class BotSettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals; an empty variable counts as not set.

    Read it with `inference.settings.read_settings`, which turns a malformed value into a sentence.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    inference_url: str = Field("http://127.0.0.1:8000", description="Where the captioning endpoint is.")
    inference_api_key: SecretStr | None = Field(None, description="The endpoint's key, if it wants one.")
    inference_auth: Literal["key", "iam"] | None = Field(
        None,
        description="`iam` signs calls with the AWS role's credentials, as calls of a Lambda Function URL always are.",
    )
    caption_timeout: float = Field(60, gt=0, description="Seconds for one photo at the endpoint, retries included.")
    max_image_bytes: int = Field(MAX_IMAGE_BYTES, gt=0, description="The largest image that is fetched, in bytes.")

    inbox_url: SecretStr = Field(
        SecretStr("sqlite:///captionbot.sqlite"),
        description="`sqlite:///path`, `postgresql://…` or an SQS queue's URL.",
    )
    claims_table: str | None = Field(None, description="With SQS: the DynamoDB table in which events are claimed.")
    worker_concurrency: int = Field(8, gt=0, description="Events in work at once in one worker.")
    attempts: int = Field(8, gt=0, description="How often an event is tried before the bot apologises.")
    album_quiet: float = Field(2.0, gt=0, description="Seconds without a new photo after which an album is complete.")

    slack_bot_token: SecretStr | None = Field(None, description="`xoxb-…`, see Connect Slack.")
    slack_signing_secret: SecretStr | None = Field(None, description="With a public URL: proves that Slack is calling.")
    slack_app_token: SecretStr | None = Field(None, description="Without a public URL: `xapp-…`, for Socket Mode.")
    slack_api_url: str = Field("https://slack.com/api/", description="Slack's Web API.")
    slack_files_url: str = Field(
        "https://files.slack.com/", description="Slack's file host: a photo is fetched only from under it."
    )

    telegram_bot_token: SecretStr | None = Field(None, description="From @BotFather, see Connect Telegram.")
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="With a public URL: a long random word that proves that Telegram is calling."
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", description="Telegram's Bot API; a server of your own works too."
    )

    reply_in_groups: Literal["always", "mentioned"] = Field(
        "always", description="`mentioned`: in groups only photos that mention the bot."
    )
    allowed_slack_teams: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="Workspace ids with commas between; empty lets every workspace in."
    )
    allowed_telegram_chats: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="Chat ids with commas between; empty lets every chat in."
    )
    photos_per_minute: int = Field(30, gt=0, description="Photos that one person may send in a minute.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the signature is pydantic's)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, the environment, a `.env` file, and last the secrets that are only named."""
        return init_settings, env_settings, dotenv_settings, NamedSecrets(settings_cls)

    @field_validator("allowed_slack_teams", "allowed_telegram_chats", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("slack_api_url", "slack_files_url")
    @classmethod
    def _end_with_slash(cls, value: str) -> str:
        # So that "under this URL" is a prefix test that files.slack.com.example.org cannot pass.
        return value if value.endswith("/") else value + "/"

    @field_validator("inference_url", "telegram_api_url")
    @classmethod
    def _end_without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def inference_address(self) -> str:
        """INFERENCE_URL as people may see it: without the user and the password that may be in it."""
        parts = urlsplit(self.inference_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def secrets(self) -> list[SecretStr]:
        """Every secret that is set: what the logs must blot out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value for value in values if isinstance(value, SecretStr)]
