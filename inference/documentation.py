"""What /docs and /openapi.json show: the endpoint as FastAPI describes it, with an example of every refusal."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, get_args

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from common.contract import (
    ACCEPTED,
    MOST_ALTERNATIVES,
    STATUSES,
    CaptionResponse,
    Code,
    Detail,
    ErrorResponse,
    PingResponse,
)

_INTRODUCTION = f"""Send a photo, get a caption.

Accepted: {ACCEPTED}; of an animation, the first frame. At most 6 MiB (6,291,456 bytes) and 50 megapixels.

    curl -F image=@photo.jpg http://localhost:8000/caption
    curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg http://localhost:8000/caption

A form's image is its one file, best in the field `image`; another name will do where the form holds no second file. A
part without a file name is the image where its field is called `image`, `file` or `photo`. An image that is the whole
body may come with any `image/*`, `application/octet-stream` or `binary/octet-stream`, or with no content type at all.

`confidence` is the probability, 0 to 1, that the caption names a right thing, where the model is calibrated.
`?alternatives=3` adds other captions with theirs, which takes about twice as long to decode.

`?detail=detailed` asks for more than a sentence, where the model can say more; `short` is the usual, unless the
endpoint is set up otherwise.

`Server-Timing` splits the time into screen, encode and decode. `X-Request-ID` is accepted, logged and returned.
"""

_IMAGE = {"type": "string", "format": "binary", "description": "The bytes of one image."}

_REQUEST: dict[str, Any] = {
    "parameters": [
        {
            "name": "alternatives",
            "in": "query",
            "required": False,
            "description": "How many other captions are wanted beside the best one.",
            "schema": {"type": "integer", "minimum": 0, "maximum": MOST_ALTERNATIVES, "default": 0},
        },
        {
            "name": "detail",
            "in": "query",
            "required": False,
            "description": "How much is to be said. Without it, what CAPTION_DETAIL says.",
            "schema": {"type": "string", "enum": list(get_args(Detail))},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["image"], "properties": {"image": _IMAGE}}
            },
            **{
                kind: {"schema": _IMAGE}
                for kind in (
                    "application/octet-stream",
                    "image/jpeg",
                    "image/png",
                    "image/webp",
                    "image/gif",
                    "image/bmp",
                    "image/tiff",
                    "image/heic",
                    "image/avif",
                )
            },
        },
    },
}

_EXAMPLES = {
    Code.BAD_REQUEST: f"The number of alternatives goes from 0 to {MOST_ALTERNATIVES}: `alternatives=3`, for example.",
    Code.EMPTY_IMAGE: "That image is empty: it has no bytes at all. Please send it again.",
    Code.CORRUPT_IMAGE: "That JPEG file is damaged or incomplete. Please send it again.",
    Code.UNAUTHORIZED: "This endpoint needs its key: send it as `Authorization: Bearer …` (INFERENCE_API_KEY).",
    Code.IMAGE_TOO_LARGE: "That image is 8.2 MB; I can read up to 6 MB. Please send a smaller version.",
    Code.TOO_MANY_PIXELS: "That image has 900 megapixels (30,000 × 30,000); I can read up to 50. Please send a smaller "
    "version.",
    Code.UNSUPPORTED_FORMAT: f"That is a PDF, not a photo. I can read {ACCEPTED}.",
    Code.DETAIL_UNAVAILABLE: "My model says one short sentence and can't say more. Please leave `detail` out, or "
    "ask for `detail=short`.",
    Code.OVERLOADED: "I am busy with other photos right now. Please try again in 2 seconds.",
    Code.DEADLINE_EXCEEDED: "That took longer than I may take for one photo. Please try again in a moment.",
}


def _refusals() -> dict[int | str, dict[str, Any]]:
    """One documented response for each status, with an example for each of its codes."""
    documented: dict[int | str, dict[str, Any]] = {}
    for code, status in STATUSES.items():
        response = documented.setdefault(
            status.value,
            {"model": ErrorResponse, "description": "", "content": {"application/json": {"examples": {}}}},
        )
        response["description"] = f"{response['description']} · {code.value}".removeprefix(" · ")
        example = asdict(ErrorResponse(error=code, message=_EXAMPLES[code]))
        response["content"]["application/json"]["examples"][code.value] = {"value": example}
    documented[503]["headers"] = {
        "Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}
    }
    return documented


_UNHEALTHY: dict[int | str, dict[str, Any]] = {
    503: {"model": ErrorResponse, "description": "The model can't be loaded"}
}

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Description:
    """An OpenAPI document, and the page that shows it."""

    openapi: dict[str, Any]
    page: bytes


def describe(health: Endpoint, ping: Endpoint, caption: Endpoint) -> Description:
    """Describe the endpoints; their names and docstrings become part of it."""
    app = FastAPI(title="captionbot", description=_INTRODUCTION, version="1")
    app.get("/", summary="Health check", response_model=PingResponse, responses=_UNHEALTHY)(health)
    app.get("/ping", summary="Pre-warm", response_model=PingResponse)(ping)
    app.post(
        "/caption",
        summary="Caption an image",
        response_model=CaptionResponse,
        responses=_refusals(),
        openapi_extra=_REQUEST,
    )(caption)
    # The document's address is relative to the page's, so that both may lie under a prefix.
    return Description(app.openapi(), bytes(get_swagger_ui_html(openapi_url="openapi.json", title=app.title).body))
