"""A multipart form as browsers, libraries and hand-written clients send it, parsed while it arrives, in memory."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS = 100
# The plain `filename` may be missing beside it, or be left out by the parser.
_EXTENDED_FILENAME = re.compile(rb";\s*filename\*", re.IGNORECASE)
_OF_A_FILE = re.compile(rb"\s*(?:image/|(?:application|binary)/(?:octet-stream|binary))", re.IGNORECASE)


class BrokenForm(Exception):
    """What was sent is not a form."""


@dataclass
class Part:
    """One field: its name ("" where it has none), whether its sender calls it a file, and its bytes."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    is_file: bool = False
    data: bytearray = field(default_factory=bytearray)

    def understand(self) -> None:
        """Read its headers."""
        disposition = self.headers.get(b"content-disposition", b"")
        options = parse_options_header(disposition)[1]
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        self.is_file = (
            b"filename" in options
            or _EXTENDED_FILENAME.search(disposition) is not None
            or _OF_A_FILE.match(self.headers.get(b"content-type", b"")) is not None
        )

    def finish(self) -> None:
        """Undo its encoding, which RFC 7578 has given up and some mail libraries have not."""
        if self.headers.get(b"content-transfer-encoding", b"").strip().lower() == b"base64":
            try:
                self.data = bytearray(base64.b64decode(bytes(self.data)))
            except binascii.Error as error:
                raise BrokenForm from error


class Form:
    """`write` what arrives, then `finish`; `parts` is then what it holds. Both raise BrokenForm."""

    def __init__(self, content_type: str) -> None:
        """Raises BrokenForm where the type names no boundary, or an impossible one."""
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise BrokenForm
        self.parts: list[Part] = []
        self._part = Part()
        self._ended = True
        self._name = self._value = b""
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._on_name,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header,
            "on_headers_finished": lambda: self._part.understand(),
            "on_part_data": lambda data, start, end: self._part.data.extend(memoryview(data)[start:end]),
            "on_part_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise BrokenForm from error

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(chunk)
        except (FormParserError, ValueError) as error:
            raise BrokenForm from error

    def finish(self) -> None:
        """See that the last part is whole; what follows it is nobody's concern."""
        if not self._ended:
            raise BrokenForm
        for part in self.parts:
            part.finish()

    def _begin(self) -> None:
        if len(self.parts) == MOST_PARTS:
            raise BrokenForm
        self._part, self._ended = Part(), False
        self.parts.append(self._part)

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._part.headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _end(self) -> None:
        self._ended = True
