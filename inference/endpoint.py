"""The endpoint: POST /caption, GET /ping, GET /."""

import asyncio
import functools
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from common.contract import CaptionResponse, Code, ErrorResponse, PingResponse, Refused
from common.screening import decode, inspect
from inference.arrivals import Buffer
from inference.captioner import Cancelled, Caption, Captioner, Deadline, DeadlineExceeded
from inference.gate import Gate
from inference.model import Model
from inference.settings import InferenceSettings
from inference.tracing import Tracing
from inference.upload import Upload

if TYPE_CHECKING:
    from inference.documentation import Description

Result = TypeVar("Result")

CLIENT_GONE = 499  # nginx's code for a client that hung up; nobody reads it but the log


def create_app(settings: InferenceSettings, captioner: Captioner | None = None) -> Starlette:
    """Build the endpoint; without a captioner it loads the settings' model in the background once it is up.

    FastAPI describes it, when somebody asks for that: importing it takes as long as loading the model, and a photo's
    way needs none of it.
    """
    model = Model(settings, captioner)
    gate = Gate(settings.caption_concurrency)
    buffer = Buffer()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        model.warm()
        yield

    async def health(_: Request) -> Response:
        """Answer 200, or 503 when the model can't be loaded and this process had better be replaced."""
        if model.failed:
            return _error(503, "unavailable", "The model can't be loaded; the log says why.")
        return _json(_state())

    async def ping(_: Request) -> Response:
        """Start loading the model, unless it is loaded, and tell whether it is."""
        model.warm()
        return _json(_state())

    def _state() -> PingResponse:
        return PingResponse(model=model.name, engine=model.engine, ready=model.ready)

    async def caption(request: Request) -> Response:
        """Caption one image, sent as the multipart field `image` or as the request's body."""
        started = time.perf_counter()
        # Where the server may stop a request, it says when.
        seconds = min(settings.caption_deadline, getattr(request.state, "seconds_left", settings.caption_deadline))
        deadline = Deadline.after(seconds)
        _authorize(request, settings)
        with Upload(request, settings.max_image_bytes, buffer, deadline) as upload:
            data = await upload.read()
            header = inspect(data, settings.max_image_bytes)
            request.state.trace = {"bytes": len(data), "format": header.format}
            captioner = await model.get(deadline)

            def work() -> tuple[Caption, float]:
                deadline.check()
                begun = time.perf_counter()
                image = decode(data, captioner.input_size)
                return captioner.caption(image, deadline), time.perf_counter() - begun

            found, busy = await _while_connected(request, asyncio.ensure_future(gate.run(work, deadline)), deadline)
        seconds = time.perf_counter() - started
        stages = {
            "screen": busy - found.encode_seconds - found.decode_seconds,
            "encode": found.encode_seconds,
            "decode": found.decode_seconds,
        }
        request.state.trace |= {name: round(value, 4) for name, value in stages.items()}
        return _json(
            CaptionResponse(caption=found.text, processing_time=round(seconds, 4)),
            headers={"Server-Timing": ", ".join(f"{name};dur={1000 * value:.1f}" for name, value in stages.items())},
        )

    @functools.cache
    def description() -> "Description":
        from inference.documentation import describe

        return describe(health, ping, caption)

    async def docs(_: Request) -> Response:
        return Response((await asyncio.to_thread(description)).page, media_type="text/html")

    async def openapi(_: Request) -> Response:
        return _json((await asyncio.to_thread(description)).openapi)

    return Starlette(
        routes=[
            Route("/", health),
            Route("/ping", ping),
            Route("/caption", caption, methods=["POST"]),
            Route("/docs", docs),
            Route("/openapi.json", openapi),
        ],
        middleware=[Middleware(Tracing)],
        exception_handlers={
            Refused: _refuse,
            DeadlineExceeded: _apologise,
            Cancelled: _forget,
            ClientDisconnect: _forget,
            HTTPException: _not_here,
        },
        lifespan=lifespan,
    )


def _authorize(request: Request, settings: InferenceSettings) -> None:
    """Raise `Refused` unless the request carries the key, where one is set."""
    if settings.inference_api_key is None:
        return
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    expected = settings.inference_api_key.reveal()
    # Starlette reads headers as Latin-1, whatever the client wrote.
    given = key.strip().encode("latin-1")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected.encode()):
        raise Refused(
            Code.UNAUTHORIZED, "This endpoint needs its key: send it as `Authorization: Bearer …` (INFERENCE_API_KEY)."
        )


async def _while_connected(request: Request, work: asyncio.Future[Result], deadline: Deadline) -> Result:
    """Await work, unless its client hangs up first: then stop it at its next step, and raise `Cancelled`."""

    async def hung_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    gone: asyncio.Future[None] = asyncio.ensure_future(hung_up())
    first: list[asyncio.Future[Any]] = [work, gone]
    try:
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise Cancelled
    finally:
        gone.cancel()
        if not work.done():
            deadline.cancel()
            work.cancel()


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return _json(ErrorResponse(error=code, message=message), status, headers)


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, "application/json")


async def _refuse(request: Request, refused: Exception) -> Response:
    if not isinstance(refused, Refused):
        raise refused
    request.state.trace = {**getattr(request.state, "trace", {}), "error": refused.code}
    headers = {}
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    if refused.code is Code.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _error(refused.code.status, refused.code, refused.message, headers)


async def _apologise(request: Request, _: Exception) -> Response:
    sentence = "That took longer than I may take for one photo. Please try again in a moment."
    return await _refuse(request, Refused(Code.DEADLINE_EXCEEDED, sentence))


async def _forget(request: Request, _: Exception) -> Response:  # noqa: ARG001 (the signature is Starlette's)
    return Response(status_code=CLIENT_GONE)


async def _not_here(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    sentence = {404: "There is nothing here. Photos go to POST /caption; GET /docs tells more."}
    sentence[405] = f"{request.method} is not for this address. Photos go to POST /caption; GET /docs tells more."
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
    message = sentence.get(error.status_code, str(error.detail))
    return _error(error.status_code, code, message, dict(error.headers or {}))
