"""The captioning endpoint: is it up, and does it caption a photo."""

import time

import httpx
import msgspec

from bot.client import CaptionClient, EndpointRefused
from bot.errors import TryAgain
from bot.settings import BotSettings
from cli.doctor.checks import is_here
from cli.doctor.finding import Finding, ok, wrong
from common import samples
from common.contract import Code
from common.proxies import direct

SAMPLE = samples.FOLDER / "cat.jpg"
PATIENCE = 30.0  # seconds for the ping, and for the caption
REMEDIES = {
    Code.UNAUTHORIZED: "Set INFERENCE_API_KEY here to the key that the endpoint has.",
    Code.OVERLOADED: "Its model may be missing or it has too much to do: its own log tells.",
    Code.DEADLINE_EXCEEDED: "The machine is slow or busy: raise CAPTION_DEADLINE there, or give it more CPUs.",
}


async def check_endpoint(settings: BotSettings) -> list[Finding]:
    """Ping the endpoint; if that works, have it caption a sample photo, and time both."""
    patient = msgspec.structs.replace(settings, caption_timeout=min(settings.caption_timeout, PATIENCE))
    async with CaptionClient(patient) as client:
        start = time.perf_counter()
        state = await client.ping()
        spent = 1000 * (time.perf_counter() - start)
        if state is None:
            return [await _silence(settings)]
        waking = "" if state.ready else "; it was asleep and is loading its model now"
        text = f"{settings.inference_address} answers in {spent:.0f} ms with {state.model} on {state.engine}{waking}"
        return [ok("ping", text), await _caption(client)]


async def _silence(settings: BotSettings) -> Finding:
    """Find out what is at the address of an endpoint that does not answer as one."""
    try:
        async with httpx.AsyncClient(timeout=5, mounts=direct(settings.inference_url)) as http:
            status = (await http.get(f"{settings.inference_url}/ping")).status_code
    except httpx.HTTPError as error:
        return wrong(
            "ping", f"{settings.inference_address} cannot be reached ({type(error).__name__})", _start(settings)
        )
    if status == httpx.codes.FORBIDDEN:
        remedy = (
            "On AWS: allow this role lambda:InvokeFunctionUrl and lambda:InvokeFunction on the endpoint's function."
        )
        return wrong("ping", f"{settings.inference_address} refuses the call (403)", remedy)
    text = f"{settings.inference_address} answers with status {status}, but not as captionbot's endpoint does"
    return wrong("ping", text, "Check INFERENCE_URL: another program may listen there.")


async def _caption(client: CaptionClient) -> Finding:
    start = time.perf_counter()
    try:
        caption = await client.caption(SAMPLE.read_bytes(), "doctor")
    except EndpointRefused as refused:
        remedy = REMEDIES.get(Code(refused.code) if refused.code in list(Code) else Code.OVERLOADED, "See its log.")
        return wrong("caption", f"it answers, but captions nothing: {refused.code}", remedy)
    except TryAgain as failed:
        return wrong("caption", failed.reason, "See the endpoint's own log.")
    return ok("caption", f"a sample photo took {time.perf_counter() - start:.2f} s: “{caption}”")


def _start(settings: BotSettings) -> str:
    if is_here(settings.inference_url):
        return "Start it in another terminal: captionbot serve"
    return "Check INFERENCE_URL, the network, and that the endpoint runs."
