"""How the endpoint answers: JSON, and the one shape of every refusal."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from common.contract import CaptionResponse, Code, ErrorResponse, OtherCaption, Refused
from inference.captioner import Caption

CLIENT_GONE = 499  # nginx's code for a client that hung up; nobody reads it but the log
_NOT_HERE = {404: "not_found", 405: "method_not_allowed"}


def json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with anything that msgspec can encode."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with a code for programs and a sentence for people."""
    return json(ErrorResponse(error=code, message=message), status, headers)


def captioned(found: Caption, seconds: float, alternatives: int, timing: str) -> Response:
    """Answer with a caption; what is not known or was not asked for is left out."""
    others = [OtherCaption(other.text, _rounded(other.confidence)) for other in found.alternatives]
    answer = CaptionResponse(
        caption=found.text,
        processing_time=round(seconds, 4),
        confidence=_rounded(found.confidence),
        alternatives=others if alternatives else None,
    )
    # Neither msgspec nor pydantic leaves out a dataclass's field that holds nothing.
    told = {name: value for name, value in vars(answer).items() if value is not None}
    if others:
        told["alternatives"] = [{k: v for k, v in vars(other).items() if v is not None} for other in others]
    return json(told, headers={"Server-Timing": timing})


def _rounded(confidence: float | None) -> float | None:
    return None if confidence is None else round(confidence, 3)


async def refuse(request: Request, refused: Exception) -> Response:
    """Answer `Refused`."""
    if not isinstance(refused, Refused):
        raise refused
    _trace(request, refused.code)
    headers = {}
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    if refused.code is Code.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return error(refused.code.status, refused.code, refused.message, headers)


async def apologise(request: Request, _: Exception) -> Response:
    """Answer `DeadlineExceeded`."""
    sentence = "That took longer than I may take for one photo. Please try again in a moment."
    return await refuse(request, Refused(Code.DEADLINE_EXCEEDED, sentence))


async def forget(request: Request, _: Exception) -> Response:
    """End the request of a client that has gone."""
    _trace(request, "hung_up")
    return Response(status_code=CLIENT_GONE)


async def not_here(request: Request, failed: Exception) -> Response:
    """Answer what Starlette refuses: an address or a method that there is not."""
    if not isinstance(failed, HTTPException):
        raise failed
    sentence = {404: "There is nothing here. Photos go to POST /caption; GET /docs tells more."}
    sentence[405] = f"{request.method} is not for this address. Photos go to POST /caption; GET /docs tells more."
    code = _NOT_HERE.get(failed.status_code, "bad_request")
    _trace(request, code)
    message = sentence.get(failed.status_code, str(failed.detail))
    return error(failed.status_code, code, message, dict(failed.headers or {}))


def _trace(request: Request, code: str) -> None:
    """Leave the code for the log's line about this request."""
    request.state.trace = {**getattr(request.state, "trace", {}), "error": code}
