"""The bot's settings: read once from the environment, typed and frozen."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta
from msgspec.structs import force_setattr

from common import secrets
from common.contract import MAX_IMAGE_BYTES
from common.settings import Secret, Settings

SHORTEST = 4  # characters of a password that is blotted out wherever it stands


class BotSettings(Settings, frozen=True, kw_only=True):
    """Read it with `common.settings.read_settings`, which turns a malformed value into a sentence."""

    inference_url: Annotated[str, Meta(description="Where the captioning endpoint is.")] = "http://127.0.0.1:8000"
    inference_api_key: Annotated[Secret | None, Meta(description="The endpoint's key, if it wants one.")] = None
    inference_auth: Annotated[
        Literal["key", "iam"] | None,
        Meta(
            description="`iam` signs calls with the AWS role's credentials, as calls of a Lambda Function URL always "
            "are."
        ),
    ] = None
    caption_timeout: Annotated[
        float, Meta(gt=0, description="Seconds for one photo at the endpoint, retries included.")
    ] = 60
    unsure_below: Annotated[
        float,
        Meta(ge=0, le=1, description="A caption less probable than this is told as a guess; 0: none is."),
    ] = 0.0
    max_image_bytes: Annotated[int, Meta(gt=0, description="The largest image that is fetched, in bytes.")] = (
        MAX_IMAGE_BYTES
    )

    inbox_url: Annotated[Secret, Meta(description="`sqlite:///path`, `postgresql://…` or an SQS queue's URL.")] = (
        Secret("sqlite:///captionbot.sqlite")
    )
    claims_table: Annotated[
        str | None, Meta(description="With SQS: the DynamoDB table in which events are claimed.")
    ] = None
    metrics_port: Annotated[
        int, Meta(ge=0, le=65535, description="Opens a port where Prometheus can read this process's metrics; 0: none.")
    ] = 0
    worker_concurrency: Annotated[int, Meta(gt=0, description="Events in work at once in one worker.")] = 8
    attempts: Annotated[int, Meta(gt=0, description="How often an event is tried before the bot apologises.")] = 8
    album_quiet: Annotated[
        float, Meta(gt=0, description="Seconds without a new photo after which an album is complete.")
    ] = 2.0

    stop_patience: Annotated[
        float, Meta(gt=0, description="Seconds that a stop waits for photos in work; Docker by itself grants 10.")
    ] = 8.0

    slack_bot_token: Annotated[Secret | None, Meta(description="`xoxb-…`, see Connect Slack.")] = None
    slack_signing_secret: Annotated[
        Secret | None, Meta(description="With a public URL: proves that Slack is calling.")
    ] = None
    slack_app_token: Annotated[Secret | None, Meta(description="Without a public URL: `xapp-…`, for Socket Mode.")] = (
        None
    )
    slack_api_url: Annotated[str, Meta(description="Slack's Web API.")] = "https://slack.com/api/"
    slack_files_url: Annotated[str, Meta(description="Slack's file host: a photo is fetched only from under it.")] = (
        "https://files.slack.com/"
    )
    slack_files_origins: Annotated[
        frozenset[str],
        Meta(
            description="Origins (`https://host`), beside those under slack.com, to which Slack's file host may send "
            "the bot on for a photo."
        ),
    ] = frozenset()

    telegram_bot_token: Annotated[Secret | None, Meta(description="From @BotFather, see Connect Telegram.")] = None
    telegram_webhook_secret: Annotated[
        Secret | None, Meta(description="With a public URL: a long random word that proves that Telegram is calling.")
    ] = None
    telegram_api_url: Annotated[str, Meta(description="Telegram's Bot API; a server of your own works too.")] = (
        "https://api.telegram.org"
    )

    reply_in_groups: Annotated[
        Literal["always", "mentioned"],
        Meta(description="`mentioned`: in channels and groups only photos that mention the bot."),
    ] = "always"
    allowed_slack_teams: Annotated[
        frozenset[str],
        Meta(
            description="Ids of the workspaces (or organisations) where the bot is installed, with commas between; "
            "empty lets every one in."
        ),
    ] = frozenset()
    slack_outsiders: Annotated[
        Literal["answered", "ignored"],
        Meta(description="`ignored`: only the workspace's own people are answered, not its guests by Slack Connect."),
    ] = "answered"
    allowed_telegram_chats: Annotated[
        frozenset[str], Meta(description="Chat ids with commas between; empty lets every chat in.")
    ] = frozenset()
    photos_per_minute: Annotated[int, Meta(gt=0, description="Photos that one person may send in a minute.")] = 30

    _urls: ClassVar[tuple[str, ...]] = ("inference_url", "slack_api_url", "slack_files_url", "telegram_api_url")

    def __post_init__(self) -> None:
        # So that "under this URL" is a prefix test that files.slack.com.example.org cannot pass.
        force_setattr(self, "slack_api_url", self.slack_api_url.rstrip("/") + "/")
        force_setattr(self, "slack_files_url", self.slack_files_url.rstrip("/") + "/")
        force_setattr(self, "inference_url", self.inference_url.rstrip("/"))
        force_setattr(self, "telegram_api_url", self.telegram_api_url.rstrip("/"))

    @classmethod
    def kept_elsewhere(cls, unset: Sequence[str]) -> Mapping[str, str]:
        """Fetch the secrets of which the environment only holds the name."""
        return secrets.fetch([name for name in cls.secret_names() if name in unset])

    def problems(self) -> list[str]:
        """Say what is wrong with settings that have the right type; see the base class."""
        wrong = [name for name in self._urls if not _is_url(getattr(self, name))]
        sentence = "should be a URL such as {}. An IPv6 address in it stands in brackets: http://[::1]:8000"
        examples = {field.name: field.default for field in msgspec.structs.fields(type(self))}
        return [*super().problems(), *(f"{name.upper()} {sentence.format(examples[name])}" for name in wrong)]

    @property
    def secrets(self) -> list[Secret]:
        """Every secret that is set, the passwords within URLs among them."""
        urls = [getattr(self, name) for name in self._urls] + [self.inbox_url.reveal()]
        return [*super().secrets, *(Secret(word) for url in urls for word in _passwords(url))]

    @property
    def inference_address(self) -> str:
        """INFERENCE_URL as people may see it: without the user and the password that may be in it."""
        parts = urlsplit(self.inference_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False


def _passwords(url: str) -> set[str]:
    """Find the password in a URL, however badly it is written: as it is there, as it is meant, with its user."""
    authority = url.partition("://")[2]
    user, colon, password = authority.rpartition("@")[0].partition(":")
    if not colon or not password:
        return set()
    # Alone, a short one would blot out every word that it is a part of.
    return {f"{user}:{password}", *(word for word in (password, unquote(password)) if len(word) >= SHORTEST)}
