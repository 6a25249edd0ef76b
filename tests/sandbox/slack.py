"""A fake Slack workspace on local ports: Web API, file host, Events API and Socket Mode, and people who act in it.

`with SlackSandbox() as slack:` runs it in a thread; `python -m tests.sandbox.slack --port 9100` as a process.
"""

import asyncio
import concurrent.futures
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.sandbox.servers import Servers
from tests.sandbox.slack_api import HISTORY, Credentials, WebAPI
from tests.sandbox.slack_events import MESSAGES, SCOPES, Sender, envelope
from tests.sandbox.slack_faults import Faults
from tests.sandbox.slack_files import FileHost
from tests.sandbox.slack_person import MentionBeside, People, Sent
from tests.sandbox.slack_photos import Upload
from tests.sandbox.slack_socket import SocketMode
from tests.sandbox.slack_workspace import BOT_USER, JSON, PERSON, Posted, Workspace

BOT_TOKEN = "xoxb-sandbox-0123456789-bot"
APP_TOKEN = "xapp-1-A0SANDBOX-0123456789-sandbox0app"
SIGNING_SECRET = "5a9db0c5ec2e7f0d1b8e44a63c77a1f0"
ALL_SCOPES = (
    *("app_mentions:read", "chat:write", "files:read", "reactions:write"),
    *HISTORY.values(),
)
ALL_EVENTS = ("app_home_opened", "app_mention", *MESSAGES.values())

T = TypeVar("T")


@dataclass(frozen=True)
class Stray:
    """A request that reached the host which nobody should ask."""

    path: str
    headers: dict[str, str]


class SlackSandbox:
    """The whole of Slack. Every method may be called from any thread but the sandbox's own.

    Attributes to look at: `posted`, `workspace.reactions`, `workspace.calls`, `workspace.downloads`,
    `sender.deliveries`, `socket.envelopes`, `strays`; to change: `faults`, `credentials.scopes`, `subscriptions`,
    `copies` (each event is delivered so many times), `sender.url` (the app's Request URL), `file_host.login`,
    `file_host.origin` (`origin_url` for the files of Enterprise Grid), `workspace.lateness`, `clock` (seconds by which
    Slack's clock is ahead).
    """

    def __init__(
        self,
        scopes: Iterable[str] = ALL_SCOPES,
        subscriptions: Iterable[str] = ALL_EVENTS,
        *,
        port: int = 0,
        files_port: int = 0,
        request_url: str | None = None,
    ) -> None:
        self.credentials = Credentials(BOT_TOKEN, APP_TOKEN, set(scopes))
        self.subscriptions = set(subscriptions)
        self.workspace = Workspace()
        self.faults = Faults()
        self.strays: list[Stray] = []
        self.copies = 1
        self.clock = 0.0
        self.sender = Sender(SIGNING_SECRET, request_url)
        self.socket = SocketMode()
        self.file_host = FileHost(self.workspace, self.credentials, self.faults)
        self.people = People(self.workspace)
        self._ports = (port, files_port)
        self._servers = Servers("slack-sandbox")
        self._underway: list[concurrent.futures.Future[None]] = []
        self._held: list[JSON] | None = None

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        self._servers.start()
        self.run(self._open())
        return self

    def stop(self) -> None:
        for future in self._underway:
            future.cancel()
        self.run(self.socket.close())
        self._servers.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the sandbox's (such as `slack.socket.refresh()`) in its own loop."""
        return self._servers.run(work)

    async def _open(self) -> None:
        api, files, origin, elsewhere = (web.Application() for _ in range(4))
        methods = WebAPI(self.workspace, self.credentials, self.faults, self._websocket_url)
        api.router.add_route("*", "/api/{method}", methods.handle)
        api.router.add_get("/link/", self.socket.handle)
        api.on_response_prepare.append(self._date)
        for host in (files, origin):
            host.router.add_get("/{kind:files-pri|files-tmb}/{place}/{name}", self.file_host.handle)
        files.router.add_get("/login", self.file_host.show_login)
        elsewhere.router.add_route("*", "/{path:.*}", self._stray)
        self.api_url = f"{await self._servers.serve(api, self._ports[0])}/api/"
        self.files_url = f"{await self._servers.serve(files, self._ports[1])}/"
        self.origin_url = f"{await self._servers.serve(origin, 0)}/"
        self.elsewhere_url = f"{await self._servers.serve(elsewhere, 0)}/"
        self.people.files_url = self.files_url

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(time.time() + self.clock, usegmt=True)

    async def _stray(self, request: web.Request) -> web.Response:
        self.strays.append(Stray(request.path_qs, dict(request.headers)))
        return web.Response(text="you should not be here")

    def _websocket_url(self) -> str:
        return self.api_url.replace("http://", "ws://").removesuffix("/api/") + self.socket.ticket()

    # --- what people do ----------------------------------------------------------------------------------------------

    def upload(
        self,
        channel: str,
        photos: Sequence[bytes | Upload],
        user: str = PERSON,
        thread_ts: str | None = None,
        text: str = "",
        mention_beside: MentionBeside = "with files",
        subtype: str | None = "file_share",
    ) -> Sent:
        """Send files. Conversations that are there: C0GENERAL, G0SECRET (private), D0ALICE (im), G0THREE (mpim)."""
        with self.workspace.changed:
            sent = self.people.upload(
                channel,
                photos,
                user=user,
                thread_ts=thread_ts,
                text=text,
                mention_beside=mention_beside,
                subtype=subtype,
            )
        return self._sent(sent)

    def forward(
        self,
        channel: str,
        original: Sent,
        text: str = "",
        thread_ts: str | None = None,
        *,
        unfurl: bool = False,
    ) -> Sent:
        """Forward a message (or show it by a link to it)."""
        with self.workspace.changed:
            sent = self.people.forward(channel, original, text=text, thread_ts=thread_ts, unfurl=unfurl)
        return self._sent(sent)

    def mention(self, channel: str, text: str = "", user: str = PERSON, thread_ts: str | None = None) -> Sent:
        """Write `@captionbot text`."""
        return self.say(channel, f"<@{BOT_USER}> {text}".strip(), user, thread_ts)

    def dm(self, text: str, user: str = PERSON) -> Sent:
        """Write to the bot in private."""
        return self.say("D0ALICE", text, user)

    def say(self, channel: str, text: str, user: str = PERSON, thread_ts: str | None = None) -> Sent:
        """Write a plain message."""
        with self.workspace.changed:
            sent = self.people.say(channel, text, user=user, thread_ts=thread_ts)
        return self._sent(sent)

    def join(self, channel: str, user: str = BOT_USER) -> Sent:
        """Let the bot (or somebody else) join a channel."""
        return self._sent(self.people.join(channel, user))

    def open_dm(self) -> Sent:
        """Open the bot's messages tab."""
        return self._sent(self.people.open_dm())

    def edit(self, sent: Sent, text: str) -> Sent:
        return self._sent(self.people.edit(sent, text))

    def delete(self, sent: Sent) -> Sent:
        with self.workspace.changed:
            deleted = self.people.delete(sent)
        return self._sent(deleted)

    def delete_files(self, sent: Sent) -> Sent:
        """Delete the files of a message, which stays."""
        with self.workspace.changed:
            deleted = self.people.delete_files(sent)
        return self._sent(deleted)

    def happen(self, event: JSON, **extra: object) -> JSON:
        """Let any event happen; returns its event callback."""
        payload = envelope(self.workspace, event, **extra)
        self.deliver(payload)
        return payload

    # --- deliveries --------------------------------------------------------------------------------------------------

    def _sent(self, sent: Sent) -> Sent:
        wanted = [payload for payload in sent.payloads if self._subscribed(payload["event"])]
        for payload in wanted:
            self.deliver(payload)
        return Sent(sent.channel, sent.ts, wanted)

    def _subscribed(self, event: JSON) -> bool:
        name = str(event["type"])
        if name == "message":
            name = MESSAGES[self.workspace.conversation(event["channel"]).kind]
        scope = SCOPES.get(name)
        return name in self.subscriptions and (scope is None or scope in self.credentials.scopes)

    def deliver(self, payload: JSON, copies: int | None = None) -> None:
        """Deliver an event callback (again): over the websocket if the app has opened one, else to the Request URL.

        Returns at once. With `copies`, or `self.copies`, duplicates are sent eight at a time.
        """
        if self._held is not None:
            self._held.extend([payload] * (copies or self.copies))
            return
        if self.socket.connections or (self.socket.opened and self.sender.url is None):
            work = self.socket.deliver(payload, copies or self.copies)
        elif self.sender.url is not None:
            work = self.sender.deliver(payload, copies or self.copies)
        else:
            return
        self._underway.append(asyncio.run_coroutine_threadsafe(work, self._servers.loop))

    @contextmanager
    def reordered(self, seed: int = 0) -> Iterator[None]:
        """Hold what happens inside, and deliver it in another order afterwards."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            random.Random(seed).shuffle(held)
            for payload in held:
                self.deliver(payload, copies=1)

    def settle(self, seconds: float = 60) -> None:
        """Wait until every delivery so far was accepted or given up."""
        concurrent.futures.wait(self._underway, timeout=seconds)
        for future in self._underway:
            future.result(0)
        self._underway.clear()

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def posted(self) -> list[Posted]:
        with self.workspace.changed:
            return list(self.workspace.posted)

    def replies(self, sent: Sent) -> list[Posted]:
        """What the bot posted in the thread of this message."""
        root = self.workspace.conversation(sent.channel).messages.get(sent.ts, {}).get("thread_ts", sent.ts)
        return [posted for posted in self.posted if posted.channel == sent.channel and posted.thread_ts == root]

    def wait_until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Wait until the condition holds. Raises TimeoutError."""
        end = time.monotonic() + seconds
        with self.workspace.changed:
            while not condition():
                if time.monotonic() > end:
                    raise TimeoutError("the sandbox waited in vain")
                self.workspace.changed.wait(0.05)  # a call wakes it; not all that is waited for is one

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a bot that lives in this workspace."""
        return {
            "SLACK_API_URL": self.api_url,
            "SLACK_FILES_URL": self.files_url,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        }


if __name__ == "__main__":
    from tests.sandbox.slack_process import main

    main()
