"""From a request's body to the bytes of one image, whichever way it was sent, reading no more than the limit."""

import re
from collections.abc import AsyncGenerator, Sequence

from starlette.requests import Request

from common.contract import Code, Refused, megabytes
from common.screening import check_length
from inference.arrivals import Arrival, Buffer
from inference.captioner import Deadline
from inference.form import BrokenForm, Form, Part

FIELD = "image"
OTHER_FIELDS = ("file", "photo")  # what clients call a field whose name they were not told
FRAMING = 64 * 1024  # bytes that a form's boundaries, headers and small fields may add to its image

# As it is: an image's own type, or what clients send that know none. The last one is what curl calls any body.
_RAW = re.compile(
    r"|image/[\w.+*-]+|(?:application|binary)/(?:octet-stream|x-binary|binary)|application/x-www-form-urlencoded"
)


class Upload:
    """One request's image. As a context manager it gives its share of the buffer back."""

    def __init__(self, request: Request, limit: int, buffer: Buffer, deadline: Deadline) -> None:
        self._request = request
        self._limit = limit
        self._arrival = Arrival(buffer, deadline)

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_: object) -> None:
        self._arrival.give_back()

    async def read(self) -> bytes:
        """The image's bytes. Raises `Refused`, or `DeadlineExceeded` when they come too slowly."""
        content_type = self._request.headers.get("content-type", "")
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._form(content_type)
        if _RAW.fullmatch(kind):
            return await self._raw()
        raise Refused(
            Code.UNSUPPORTED_FORMAT,
            "Send the image as the form field `image` (multipart/form-data), or as the request's body with its "
            "content type (image/jpeg, for example).",
        )

    async def _raw(self) -> bytes:
        self._check_declared(self._limit)
        async with self._arrival:
            data = b"".join([chunk async for chunk in self._chunks(self._limit)])
        check_length(len(data), self._limit)
        return data

    async def _form(self, content_type: str) -> bytes:
        self._check_declared(self._limit + FRAMING)
        try:
            form = Form(content_type)
            async with self._arrival:
                async for chunk in self._chunks(self._limit + FRAMING):
                    form.write(chunk)
            form.finish()
        except BrokenForm as error:
            raise Refused(
                Code.CORRUPT_IMAGE,
                "That form can't be read: it needs a boundary, and one multipart/form-data part named `image` that is "
                "whole.",
            ) from error
        data = _only_image(form.parts)
        check_length(len(data), self._limit)
        return data

    def _check_declared(self, limit: int) -> None:
        declared = self._request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            check_length(int(declared), self._limit)

    async def _chunks(self, limit: int) -> AsyncGenerator[bytes, None]:
        async for chunk in self._request.stream():
            self._arrival.came(len(chunk))
            if self._arrival.held > limit:
                raise Refused(
                    Code.IMAGE_TOO_LARGE,
                    f"That image has more than {megabytes(self._limit)}, which is all that I can read. Please send a "
                    "smaller version.",
                )
            yield chunk


def _only_image(parts: Sequence[Part]) -> bytes:
    """The bytes of a form's one image. Raises Refused.

    It is the form's one file, whatever its field is called (browsers send an empty file for an input that nobody used);
    where there is none, a field by a known name whose sender did not say that it is a file.
    """
    files = [part for part in parts if part.is_file and part.data]
    if len(files) > 1:
        raise Refused(Code.CORRUPT_IMAGE, "Please send one image a request; this form holds more.")
    named = [part for name in (FIELD, *OTHER_FIELDS) for part in parts if part.name == name and part.data]
    if chosen := files or named:
        return bytes(chosen[0].data)
    if any(part.is_file for part in parts):
        check_length(0)
    raise Refused(Code.EMPTY_IMAGE, "There is no image in that form: send it as a file in the field `image`.")
