"""What the looks of both platforms are made of."""

import base64
from datetime import datetime
from html import escape


def picture(data: bytes, description: str) -> str:
    """An image as HTML, with its bytes in it."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode()}" alt="{escape(description)}">'


def words(text: str) -> str:
    """Text with its line breaks as HTML."""
    return escape(text).replace("\n", "<br>")


def clock(seconds: float) -> str:
    """The local time of a Unix time: 14:05."""
    return datetime.fromtimestamp(seconds).strftime("%H:%M")  # noqa: DTZ006 (people's clocks are local)
