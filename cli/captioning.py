"""Who captions the photos of `captionbot caption`: the engine here, or an endpoint elsewhere, several at once."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from cli.captions import Answer
from common.contract import Code, Refused
from common.screening import check_length, decode

STDIN = "-"
Take = Callable[[Answer], None]


def here(files: Iterator[str], take: Take) -> None:
    """Caption photos with the model of the settings. Raises SettingsError, and click.ClickException without a model."""
    from common.settings import read_settings
    from inference.captioner import Deadline, DeadlineExceeded, ModelError
    from inference.loading import load_captioner
    from inference.settings import InferenceSettings

    try:
        settings = read_settings(InferenceSettings)
        captioner = load_captioner(settings)
    except ModelError as error:
        raise click.ClickException(str(error)) from None

    def caption(name: str) -> Answer:
        started = time.perf_counter()
        deadline = Deadline.after(settings.caption_deadline)
        try:
            data = _read(name, settings.max_image_bytes)
            found = captioner.caption(
                decode(data, captioner.input_size, deadline.check), deadline, detail=settings.caption_detail
            )
        except OSError as error:
            return _unreadable(name, error)
        except Refused as refused:
            return {"file": name, "error": refused.code.value, "message": refused.message}
        except DeadlineExceeded:
            message = "That photo took longer than CAPTION_DEADLINE allows."
            return {"file": name, "error": Code.DEADLINE_EXCEEDED.value, "message": message}
        return _answer(name, found.text, started, found.confidence)

    for name in files:
        take(caption(name))


async def elsewhere(url: str, at_once: int, files: Iterator[str], take: Take) -> None:
    """Caption photos at an endpoint, several at once, each as soon as it is there; they are shrunk before they go.

    The key is INFERENCE_API_KEY. Raises SettingsError, and click.ClickException where no endpoint answers.
    """
    import msgspec

    from bot import messages
    from bot.client import CaptionClient, EndpointRefused
    from bot.errors import Declined, TryAgain
    from bot.settings import BotSettings
    from bot.shrink import prepare
    from common.settings import read_settings

    address = url.rstrip("/").removesuffix("/caption")
    settings = msgspec.structs.replace(read_settings(BotSettings), inference_url=address)
    client = CaptionClient(settings)

    async def caption(name: str) -> Answer:
        started = time.perf_counter()
        try:
            image = await asyncio.to_thread(
                lambda: prepare(_read(name, settings.max_image_bytes), settings.max_image_bytes)
            )
            found = await client.describe(image, f"cli-{time.time_ns()}")
        except OSError as error:
            return _unreadable(name, error)
        except (Declined, Refused) as refused:
            code, sentence = (
                (refused.code, refused.message) if isinstance(refused, Refused) else (refused.reason, refused.sentence)
            )
            return {"file": name, "error": str(code), "message": sentence}
        except EndpointRefused as refused:
            return {"file": name, "error": refused.code, "message": messages.for_code(refused.code)}
        except TryAgain as again:
            message = f"No caption came: {again.reason}. The same command tries it again."
            return {"file": name, "error": "unanswered", "message": message}
        return _answer(name, found.caption, started, found.confidence)

    async def work() -> None:
        for name in files:
            take(await caption(name))

    async with client:
        if await client.ping() is None:
            raise click.ClickException(
                f"Nobody answers at {settings.inference_address}. Is the address right, and `captionbot serve` running "
                "there?"
            )
        await asyncio.gather(*(work() for _ in range(at_once)))


def _answer(name: str, caption: str, started: float, confidence: float | None) -> Answer:
    answer = {"file": name, "caption": caption, "processing_time": round(time.perf_counter() - started, 4)}
    return answer if confidence is None else answer | {"confidence": round(confidence, 3)}


def _unreadable(name: str, error: OSError) -> Answer:
    return {"file": name, "error": "unreadable", "message": f"That file can't be read: {error.strerror}."}


def _read(name: str, limit: int) -> bytes:
    """Read a photo; of one that is too large, no more than it takes to tell its size."""
    if name == STDIN:
        data = sys.stdin.buffer.read(limit + 1)
    else:
        check_length(Path(name).stat().st_size, limit)
        data = Path(name).read_bytes()
    check_length(len(data), limit)
    return data
