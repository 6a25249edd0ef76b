"""The captioner's settings, and how many cores it may use."""

import os
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from common.contract import MAX_IMAGE_BYTES, Detail
from common.settings import Secret, Settings

MOST_PROMPT = 500  # characters


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


class InferenceSettings(Settings, frozen=True, kw_only=True):
    """Settings of the captioning endpoint."""

    caption_model: Annotated[
        str, Meta(description="`starter`, a folder, or a Hugging Face id such as `cnmoro/mini-image-captioning`")
    ] = "starter"
    caption_engine: Annotated[
        Literal["onnx", "torch"], Meta(description="`onnx` is what ships; `torch` is the reference")
    ] = "onnx"
    caption_detail: Annotated[
        Detail,
        Meta(description="How much is said where a request does not ask by `?detail=`; not every model can say more"),
    ] = "short"
    caption_prompt: Annotated[
        str | None,
        Meta(
            max_length=MOST_PROMPT,
            description="What captions begin with (`a photograph of`), or, for a model that "
            "chats, what it is asked; not every model takes one",
        ),
    ] = None
    caption_deadline: Annotated[
        float, Meta(gt=0, le=900, description="Seconds from a request's arrival until it has its caption or an apology")
    ] = 20.0
    caption_concurrency: Annotated[
        int, Meta(ge=1, le=64, description="Captions computed at the same time; the cores are shared among them")
    ] = 1
    max_image_bytes: Annotated[int, Meta(ge=1, description="The largest image accepted, in bytes")] = MAX_IMAGE_BYTES
    cors_origins: Annotated[
        frozenset[str],
        Meta(description="Pages that may use the endpoint: `https://example.org` or `*`, with commas between"),
    ] = frozenset()
    trusted_proxies: Annotated[
        frozenset[str],
        Meta(description="Proxies whose `X-Forwarded-Proto` and `X-Forwarded-For` count: addresses, networks or `*`"),
    ] = frozenset({"127.0.0.1", "::1"})
    inference_api_key: Annotated[
        Secret | None, Meta(description="If set, `POST /caption` wants it as a bearer token")
    ] = None

    stop_patience: Annotated[
        float, Meta(gt=0, description="Seconds that a stop waits for captions in work; Docker by itself grants 10")
    ] = 8.0

    @property
    def threads(self) -> int:
        """Threads for each caption: the cores over the captions that run at once."""
        return max(1, cores() // self.caption_concurrency)
