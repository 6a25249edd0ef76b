"""From a request's body to the bytes of one image, whichever way it was sent, reading no more than the limit."""

import asyncio
import re
from collections.abc import AsyncGenerator

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from common.contract import Code, Refused
from common.screening import check_length
from inference.captioner import Deadline, DeadlineExceeded
from inference.gate import Buffer

FIELD = "image"
FRAMING = 16 * 1024  # bytes that a form's boundaries, headers and small fields may add to its image


class _InMemory(MultiPartParser):
    """Starlette's parser, without its temporary files: the body is bounded, and Lambda's disk is slow."""

    spool_max_size = 1 << 62

    def close(self) -> None:
        """Close every file that was begun, also one whose part never ended."""
        for file in self._files_to_close_on_error:
            file.close()


class Upload:
    """One request's image. As a context manager it gives its share of the buffer back."""

    def __init__(self, request: Request, limit: int, buffer: Buffer) -> None:
        self._request = request
        self._limit = limit
        self._buffer = buffer
        self._held = 0

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_: object) -> None:
        self._buffer.give_back(self._held)

    async def read(self, deadline: Deadline) -> bytes:
        """The image's bytes. Raises `Refused`, or `DeadlineExceeded` when they come too slowly."""
        kind = self._request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
        try:
            async with asyncio.timeout(deadline.remaining()):
                if kind == "multipart/form-data":
                    return await self._form()
                if kind == "application/octet-stream" or re.fullmatch(r"image/[\w.+*-]+", kind):
                    return await self._raw()
        except TimeoutError:
            raise DeadlineExceeded from None
        raise Refused(
            Code.UNSUPPORTED_FORMAT,
            "Send the image as the form field `image` (multipart/form-data), or as the request's body with its "
            "content type (image/jpeg, for example).",
        )

    async def _raw(self) -> bytes:
        self._check_declared(self._limit)
        data = b"".join([chunk async for chunk in self._chunks(self._limit)])
        check_length(len(data), self._limit)
        return data

    async def _form(self) -> bytes:
        self._check_declared(self._limit + FRAMING)
        parser = _InMemory(self._request.headers, self._chunks(self._limit + FRAMING), max_files=2, max_fields=8)
        try:
            data = await self._only_image(await parser.parse())
        except (MultiPartException, KeyError, UnicodeError, ValueError) as error:
            # KeyError: a boundary is missing.
            raise Refused(
                Code.CORRUPT_IMAGE,
                "That form can't be read: it needs one multipart/form-data part named `image`, and a boundary.",
            ) from error
        finally:
            parser.close()
        check_length(len(data), self._limit)
        return data

    @staticmethod
    async def _only_image(form: FormData) -> bytes:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if len(files) > 1:
            raise Refused(Code.CORRUPT_IMAGE, "Please send one image a request; this form holds more.")
        image = form.get(FIELD)
        if not isinstance(image, UploadFile):
            raise Refused(Code.EMPTY_IMAGE, "There is no image in that form: send it as a file in the field `image`.")
        return await image.read()

    def _check_declared(self, limit: int) -> None:
        declared = self._request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            check_length(int(declared), self._limit)

    async def _chunks(self, limit: int) -> AsyncGenerator[bytes, None]:
        async for chunk in self._request.stream():
            self._buffer.take(len(chunk))
            self._held += len(chunk)
            if self._held > limit:
                check_length(max(self._held, self._limit + 1), self._limit)
            yield chunk
