"""The endpoint: POST /caption, GET /ping, GET /, GET /metrics."""

import asyncio
import functools
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from common.contract import MOST_ALTERNATIVES, Code, Detail, PingResponse, Refused
from common.invocations import invoked
from common.prometheus import CONTENT_TYPE, Recorder
from common.screening import decode, inspect
from inference import answers
from inference.arrivals import Buffer
from inference.captioner import Cancelled, Caption, Captioner, Deadline, DeadlineExceeded
from inference.gate import Gate
from inference.metrics import METRICS
from inference.model import Model
from inference.settings import InferenceSettings
from inference.tracing import HEADER, Tracing
from inference.upload import Upload

if TYPE_CHECKING:
    from inference.documentation import Description

Result = TypeVar("Result")

UNAVAILABLE = (
    "My model says one short sentence and can't say more. Please leave `detail` out, or ask for `detail=short`."
)


def create_app(settings: InferenceSettings, captioner: Captioner | None = None) -> Starlette:
    """Build the endpoint; without a captioner it loads the settings' model in the background once it is up.

    FastAPI describes it, when somebody asks for that: importing it takes as long as loading the model, and a photo's
    way needs none of it.
    """
    model = Model(settings, captioner)
    gate = Gate(settings.caption_concurrency)
    buffer = Buffer()
    recorder = Recorder(METRICS, {"Waiting": ("Photos that wait for a place.", lambda: gate.waiting)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with recorder:
            invoked()
            model.warm()
            yield

    async def health(_: Request) -> Response:
        """Answer 200, or 503 when the model can't be loaded and this process had better be replaced."""
        if model.failed:
            return answers.error(503, "unavailable", "The model can't be loaded; the log says why.")
        return answers.json(_state())

    async def ping(_: Request) -> Response:
        """Start loading the model, unless it is loaded, and tell whether it is."""
        model.warm()
        return answers.json(_state())

    def _state() -> PingResponse:
        return PingResponse(model=model.name, engine=model.engine, ready=model.ready)

    async def caption(request: Request) -> Response:
        """Caption one image, sent as the multipart field `image` or as the request's body."""
        started = time.perf_counter()
        # Where the server may stop a request, it says when.
        seconds = min(settings.caption_deadline, getattr(request.state, "seconds_left", settings.caption_deadline))
        deadline = Deadline.after(seconds)
        _authorize(request, settings)
        alternatives = _alternatives(request)
        detail = _detail(request, settings.caption_detail)
        with Upload(request, settings.max_image_bytes, buffer, deadline) as upload:
            data = await upload.read()
            header = inspect(data, settings.max_image_bytes)
            request.state.trace = {"bytes": len(data), "format": header.format}
            captioner = await model.get(deadline)
            if detail not in captioner.details:
                raise Refused(Code.DETAIL_UNAVAILABLE, UNAVAILABLE)

            def work() -> tuple[Caption, float]:
                deadline.check()
                begun = time.perf_counter()
                image = decode(data, captioner.input_size, deadline.check)
                return captioner.caption(image, deadline, alternatives, detail), time.perf_counter() - begun

            found, busy = await _while_connected(request, asyncio.ensure_future(gate.run(work, deadline)), deadline)
        seconds = time.perf_counter() - started
        stages = {
            "screen": busy - found.encode_seconds - found.decode_seconds,
            "encode": found.encode_seconds,
            "decode": found.decode_seconds,
        }
        request.state.trace |= {name: round(value, 4) for name, value in stages.items()}
        timing = ", ".join(f"{name};dur={1000 * value:.1f}" for name, value in stages.items())
        return answers.captioned(found, seconds, alternatives, timing)

    async def metrics(_: Request) -> Response:
        return Response(await asyncio.to_thread(recorder.page), media_type=CONTENT_TYPE)

    @functools.cache
    def description() -> "Description":
        from inference.documentation import describe

        return describe(health, ping, caption)

    async def docs(_: Request) -> Response:
        return Response((await asyncio.to_thread(description)).page, media_type="text/html")

    async def openapi(_: Request) -> Response:
        return answers.json((await asyncio.to_thread(description)).openapi)

    return Starlette(
        routes=[
            Route("/", health),
            Route("/ping", ping),
            Route("/caption", caption, methods=["POST"]),
            # No redirect: many a client follows one without its photo.
            Route("/caption/", caption, methods=["POST"]),
            Route("/metrics", metrics),
            Route("/docs", docs),
            Route("/openapi.json", openapi),
        ],
        middleware=[Middleware(Tracing), *_cors(settings)],
        exception_handlers={
            Refused: answers.refuse,
            DeadlineExceeded: answers.apologise,
            Cancelled: answers.forget,
            ClientDisconnect: answers.forget,
            HTTPException: answers.not_here,
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


def _alternatives(request: Request) -> int:
    """How many other captions are wanted. Raises `Refused`."""
    given = request.query_params.get("alternatives", "0")
    if given.isascii() and given.isdecimal() and len(given) < 5 and int(given) <= MOST_ALTERNATIVES:
        return int(given)
    raise Refused(
        Code.BAD_REQUEST,
        f"The number of alternatives goes from 0 to {MOST_ALTERNATIVES}: `alternatives=3`, for example.",
    )


def _detail(request: Request, usual: Detail) -> Detail:
    """How much is to be said. Raises `Refused`."""
    for detail in get_args(Detail):
        if request.query_params.get("detail", usual) == detail:
            wanted: Detail = detail
            return wanted
    raise Refused(Code.BAD_REQUEST, "A caption is short or detailed: `detail=short` or `detail=detailed`.")


def _cors(settings: InferenceSettings) -> list[Middleware]:
    """Let pages of the settings' origins in, where there are any."""
    if not settings.cors_origins:
        return []
    from starlette.middleware.cors import CORSMiddleware

    return [
        Middleware(
            CORSMiddleware,
            allow_origins=sorted(origin.rstrip("/") for origin in settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", HEADER],
            expose_headers=["Server-Timing", "Retry-After", "WWW-Authenticate", HEADER],
            # A page on the internet may call an endpoint in the visitor's own network, where its origin is let in.
            allow_private_network=True,
        )
    ]


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
