"""What the endpoint answers: error codes, their HTTP statuses, and the shapes of its responses.

The bot reads the same module, so that a code or a field has one spelling.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Literal

MEBIBYTE = 1024 * 1024
MAX_IMAGE_BYTES = 6 * MEBIBYTE
MAX_PIXELS = 50_000_000
MOST_ALTERNATIVES = 5
Detail = Literal["short", "detailed"]
"""One sentence, or as much as the model says when it is asked for more."""
ACCEPTED = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"


class Code(StrEnum):
    """Why an image got no caption."""

    BAD_REQUEST = "bad_request"
    EMPTY_IMAGE = "empty_image"
    CORRUPT_IMAGE = "corrupt_image"
    UNAUTHORIZED = "unauthorized"
    IMAGE_TOO_LARGE = "image_too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DETAIL_UNAVAILABLE = "detail_unavailable"
    OVERLOADED = "overloaded"
    DEADLINE_EXCEEDED = "deadline_exceeded"

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status that carries this code."""
        return STATUSES[self]


STATUSES = {
    Code.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Code.EMPTY_IMAGE: HTTPStatus.BAD_REQUEST,
    Code.CORRUPT_IMAGE: HTTPStatus.BAD_REQUEST,
    Code.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Code.IMAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.TOO_MANY_PIXELS: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.UNSUPPORTED_FORMAT: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Code.DETAIL_UNAVAILABLE: HTTPStatus.NOT_IMPLEMENTED,
    Code.OVERLOADED: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}


class Refused(Exception):
    """An image that gets no caption, with the sentence that tells its sender why.

    `retry_after` is in seconds, and is set when the same image may well succeed later.
    """

    def __init__(self, code: Code, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


def megabytes(size: int) -> str:
    """Write a number of bytes as people read it: 8703311 → "8.3 MB".

    A size just over a whole limit never reads as the limit itself: it is rounded up.
    """
    tenths = -(-size * 10 // MEBIBYTE)
    return f"{tenths // 10} MB" if tenths % 10 == 0 else f"{tenths / 10:.1f} MB"


@dataclass(frozen=True)
class OtherCaption:
    """Another caption of the same photo."""

    caption: str
    confidence: float | None = None


@dataclass(frozen=True)
class CaptionResponse:
    """A caption. `processing_time` is in seconds, from the request's first byte to its caption.

    `confidence` (0 to 1) is the probability that the caption names a right thing; it and `alternatives` are left out
    where they are not known or were not asked for.
    """

    caption: str
    processing_time: float
    status: Literal["success"] = "success"
    confidence: float | None = None
    alternatives: list[OtherCaption] | None = None


@dataclass(frozen=True)
class ErrorResponse:
    """A refusal: a code for programs and a sentence for people."""

    error: str
    message: str
    status: Literal["error"] = "error"


@dataclass(frozen=True)
class PingResponse:
    """The endpoint's model and whether it can caption at once."""

    model: str
    engine: str
    ready: bool
    status: Literal["ok"] = "ok"
