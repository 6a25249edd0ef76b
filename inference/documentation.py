"""What /docs shows beyond what the code says: both ways to send an image, and every refusal with an example."""

from typing import Any

from inference.contract import ACCEPTED, STATUSES, Code, ErrorResponse

INTRODUCTION = f"""Send a photo, get a caption.

Accepted: {ACCEPTED}; of an animation, the first frame. At most 6 MiB (6,291,456 bytes) and 50 megapixels.

    curl -F image=@photo.jpg http://localhost:8000/caption
    curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg http://localhost:8000/caption

`Server-Timing` splits the time into screen, encode and decode. `X-Request-ID` is accepted, logged and returned.
"""

_IMAGE = {"type": "string", "format": "binary", "description": "The bytes of one image."}

REQUEST: dict[str, Any] = {
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
    }
}

_EXAMPLES = {
    Code.EMPTY_IMAGE: "That image is empty: it has no bytes at all. Please send it again.",
    Code.CORRUPT_IMAGE: "That JPEG file is damaged or incomplete. Please send it again.",
    Code.UNAUTHORIZED: "This endpoint needs its key: send it as `Authorization: Bearer …` (INFERENCE_API_KEY).",
    Code.IMAGE_TOO_LARGE: "That image is 8.2 MB; I can read up to 6 MB. Please send a smaller version.",
    Code.TOO_MANY_PIXELS: "That image has 900 megapixels (30,000 × 30,000); I can read up to 50. Please send a smaller "
    "version.",
    Code.UNSUPPORTED_FORMAT: f"That is a PDF, not a photo. I can read {ACCEPTED}.",
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
        example = ErrorResponse(error=code, message=_EXAMPLES[code]).model_dump()
        response["content"]["application/json"]["examples"][code.value] = {"value": example}
    documented[503]["headers"] = {
        "Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}
    }
    return documented


REFUSALS = _refusals()
UNHEALTHY: dict[int | str, dict[str, Any]] = {503: {"model": ErrorResponse, "description": "The model can't be loaded"}}
