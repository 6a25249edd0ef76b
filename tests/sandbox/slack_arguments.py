"""What a Web API method is called with, read and refused as Slack does."""

from aiohttp import web

from tests.sandbox.slack_workspace import JSON


class Refused(Exception):
    """The method fails with this error code and these extra fields."""

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.body: JSON = {"ok": False, "error": code, **extra}


async def read(request: web.Request, *, json_accepted: bool) -> tuple[JSON, str | None]:
    """Read the arguments and the token, which is in the Authorization header or in a form, never in JSON or a URL."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme == "Bearer" else None
    arguments: JSON = dict(request.query)
    arguments.pop("token", None)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        if json_accepted:
            arguments |= body
    elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = {name: str(value) for name, value in (await request.post()).items()}
        token = form.pop("token", None) or token
        arguments |= form
    elif request.method == "POST" and request.can_read_body:
        raise Refused("invalid_post_type")
    return arguments, token


def required(arguments: JSON, name: str, code: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(code, response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})
    return value


def metadata(value: object) -> JSON:
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        raise Refused("invalid_metadata_format")
    if not isinstance(value.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    return value


def is_true(arguments: JSON, name: str) -> bool:
    return str(arguments.get(name, "")).lower() in ("1", "true")


def whole(value: object, code: str) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise Refused(code) from None


def is_timestamp(value: object) -> bool:
    if not isinstance(value, str):
        return False
    seconds, dot, rest = value.partition(".")
    return seconds.isdigit() and dot == "." and len(rest) == 6 and rest.isdigit()
