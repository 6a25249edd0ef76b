"""A caption endpoint, and settings that point to it."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from bot.settings import BotSettings
from common.settings import Secret
from tests.sandbox.endpoint import CaptionEndpoint

KEY = "sandbox-inference-key-0123456789"


@pytest.fixture
def settings(endpoint: CaptionEndpoint) -> BotSettings:
    return BotSettings(inference_url=endpoint.url, inference_api_key=Secret(KEY), caption_timeout=5)


@pytest.fixture
def photo() -> Callable[..., bytes]:
    return make_photo


def make_photo(width: int = 64, height: int = 48, kind: str = "JPEG", **how: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 80).convert("RGB").save(out, kind, **how)
    return out.getvalue()
