"""The endpoint's settings, read once from the environment (and a `.env` file beside it)."""

import os
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from inference.contract import MAX_IMAGE_BYTES

Settings = TypeVar("Settings", bound=BaseSettings)


class SettingsError(Exception):
    """A setting is missing or malformed. The sentence names it and says what it should be."""


def read_settings(kind: type[Settings]) -> Settings:
    """Read settings of one kind; raises `SettingsError` with one line for each that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])).upper() or 'Settings'}: {_why(e['msg'])}" for e in error.errors()]
        raise SettingsError("\n".join(lines)) from None
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}. Let this user read it, or start elsewhere.") from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env in this folder is not UTF-8 text. Mend it, or start elsewhere.") from None


def _why(message: str) -> str:
    """Drop pydantic's prefix; the value itself is never shown, for it may be a secret."""
    return message.removeprefix("Value error, ")


def cores() -> int:
    """Count the CPUs that this process may use: its affinity, bounded by a container's quota.

    The quota is cgroup v2's `cpu.max`: "max" or microseconds per period.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return available
    return available if quota == "max" else max(1, min(available, round(int(quota) / int(period))))


class InferenceSettings(BaseSettings):
    """Settings of the captioning endpoint."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    caption_model: Annotated[
        str,
        Field(
            min_length=1, description="`starter`, a folder, or a Hugging Face id such as `cnmoro/mini-image-captioning`"
        ),
    ] = "starter"
    caption_engine: Annotated[
        Literal["onnx", "torch"], Field(description="`onnx` is what ships; `torch` is the reference")
    ] = "onnx"
    caption_deadline: Annotated[
        float,
        Field(gt=0, le=900, description="Seconds from a request's arrival until it has its caption or an apology"),
    ] = 20.0
    caption_concurrency: Annotated[
        int, Field(ge=1, le=64, description="Captions computed at the same time; the cores are shared among them")
    ] = 1
    max_image_bytes: Annotated[int, Field(ge=1, description="The largest image accepted, in bytes")] = MAX_IMAGE_BYTES
    inference_api_key: Annotated[
        SecretStr | None, Field(min_length=1, description="If set, `POST /caption` wants it as a bearer token")
    ] = None

    @property
    def threads(self) -> int:
        """Threads for each caption: the cores over the captions that run at once."""
        return max(1, cores() // self.caption_concurrency)
