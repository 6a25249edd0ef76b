"""The bot's settings: read once from the environment, typed and frozen."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from inference.contract import MAX_IMAGE_BYTES


class BotSettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals; an empty variable counts as not set.

    Read it with `inference.settings.read_settings`, which turns a malformed value into a sentence.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    inference_url: str = "http://127.0.0.1:8000"
    inference_api_key: SecretStr | None = None
    caption_timeout: float = Field(60, gt=0, description="Seconds for one photo at the endpoint, retries included.")
    max_image_bytes: int = Field(MAX_IMAGE_BYTES, gt=0)

    inbox_url: SecretStr = Field(
        SecretStr("sqlite:///captionbot.sqlite"), description="sqlite:///path or postgresql://…"
    )
    worker_concurrency: int = Field(8, gt=0, description="Events in work at once in one worker.")
    attempts: int = Field(8, gt=0, description="How often an event is tried before the bot apologises.")
    album_quiet: float = Field(2.0, gt=0, description="Seconds without a new photo after which an album is complete.")

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_files_url: str = "https://files.slack.com/"

    telegram_bot_token: SecretStr | None = None
    telegram_webhook_secret: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"

    reply_in_groups: Literal["always", "mentioned"] = "always"
    # Comma-separated ids; empty lets everybody in.
    allowed_slack_teams: Annotated[frozenset[str], NoDecode] = frozenset()
    allowed_telegram_chats: Annotated[frozenset[str], NoDecode] = frozenset()
    photos_per_minute: int = Field(30, gt=0, description="Photos that one person may send in a minute.")

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
    def secrets(self) -> list[SecretStr]:
        """Every secret that is set: what the logs must blot out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value for value in values if isinstance(value, SecretStr)]
