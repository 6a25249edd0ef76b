"""The sandbox as a process: people act through `POST /sandbox/...`, and `GET /sandbox/state` tells what the bot did.

`GET /sandbox/look` shows #general as Slack's app would.

curl -F channel=C0GENERAL -F photo=@cat.jpg http://127.0.0.1:9100/sandbox/upload
"""

import argparse
import asyncio
import dataclasses
import json
import signal
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_look import look
from tests.sandbox.slack_photos import Upload
from tests.sandbox.slack_workspace import JSON


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.slack", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="the Web API (and /sandbox/ one port above it)")
    parser.add_argument("--request-url", help="where the app listens, such as http://127.0.0.1:8080/slack/events")
    options = parser.parse_args()
    sandbox = SlackSandbox(port=options.port, files_port=options.port + 2, request_url=options.request_url)
    with sandbox:
        asyncio.run(_serve(sandbox, options.port + 1))


async def _serve(sandbox: SlackSandbox, port: int) -> None:
    control = Control(sandbox)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/sandbox/upload", control.upload)
    app.router.add_post("/sandbox/{action:mention|dm|join|open_dm|say}", control.act)
    app.router.add_get("/sandbox/state", control.state)
    app.router.add_get("/sandbox/look", control.look)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps(sandbox.environment | {"SANDBOX_URL": f"http://127.0.0.1:{port}/sandbox/"}), flush=True)
    await stop.wait()
    await runner.cleanup()


class Control:
    """The people's hands from outside the process."""

    def __init__(self, sandbox: SlackSandbox) -> None:
        self._sandbox = sandbox

    async def upload(self, request: web.Request) -> web.Response:
        """Form: any number of files, and `channel`, `text`, `user`, `thread_ts` as in SlackSandbox.upload."""
        uploads, fields = [], {"channel": "C0GENERAL"}
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                uploads.append(Upload(value.file.read(), value.filename))
            elif isinstance(value, str):
                fields[name] = value
        sent = self._sandbox.upload(photos=uploads, **fields)  # type: ignore[arg-type]  # (a form's fields)
        return web.json_response(dataclasses.asdict(sent))

    async def act(self, request: web.Request) -> web.Response:
        """JSON: the arguments of the method of that name."""
        arguments: JSON = await request.json() if request.can_read_body else {}
        sent = getattr(self._sandbox, request.match_info["action"])(**arguments)
        return web.json_response(dataclasses.asdict(sent))

    async def state(self, _request: web.Request) -> web.Response:
        """Tell everything that the bot did."""
        workspace = self._sandbox.workspace
        logs: dict[str, Sequence[Any]] = {
            "posted": workspace.posted,
            "reactions": workspace.reactions,
            "downloads": workspace.downloads,
            "deliveries": self._sandbox.sender.deliveries,
            "envelopes": self._sandbox.socket.envelopes,
        }
        return web.json_response({name: [dataclasses.asdict(item) for item in log] for name, log in logs.items()})

    async def look(self, _request: web.Request) -> web.Response:
        """Show #general."""
        return web.Response(text=look(self._sandbox.workspace), content_type="text/html")
