"""Arguments of a Bot API call: read from any encoding that Telegram takes, and refused as Telegram refuses."""

import json
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")


@dataclass
class ApiError(Exception):
    """An answer that is not ok."""

    status: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the answer's body."""
        extra = {"parameters": self.parameters} if self.parameters else {}
        return {"ok": False, "error_code": self.status, "description": self.description, **extra}


def bad_request(reason: str) -> ApiError:
    """Return a 400 with Telegram's wording."""
    return ApiError(400, f"Bad Request: {reason}")


class Arguments:
    """Arguments by name; every value is text, as on the wire (objects are JSON text)."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def text(self, name: str) -> str:
        """Return the value, "" when absent."""
        return self.values.get(name, "")

    def integer(self, name: str, default: int = 0) -> int:
        """Return a whole number; raises ApiError for anything else."""
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise bad_request(f'invalid {name} specified: "{value}" is no integer') from None

    def flag(self, name: str) -> bool:
        """Return a boolean, written as true, yes or 1."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def parsed(self, name: str, called: str, kind: type[T]) -> T | None:
        """Return the JSON value of an argument, None when absent; raises ApiError when it is not JSON of that kind."""
        value = self.text(name)
        if not value:
            return None
        try:
            result = json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {called} JSON object") from None
        if not isinstance(result, kind):
            raise bad_request(f"{'array' if kind is list else 'object'} expected as {called}")
        return result


async def read_arguments(request: web.Request) -> Arguments:
    """Collect the arguments from the query and the body; raises ApiError for a body that is not what it says it is."""
    values = dict(request.query)
    if request.method == "POST" and request.can_read_body:
        if request.content_type == "application/json":
            try:
                body = await request.json()
            except ValueError:
                raise bad_request("can't parse JSON object") from None
            if not isinstance(body, dict):
                raise bad_request("expected a JSON object")
            values |= {name: _as_text(value) for name, value in body.items() if value is not None}
        elif request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
            values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return Arguments(values)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
