"""Socket Mode: events over a websocket that the app opens, acknowledged by envelope."""

import asyncio
import json
import random
import uuid
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.sandbox.slack_workspace import APP, JSON


@dataclass(frozen=True)
class Envelope:
    """One attempt to hand an event over."""

    event_id: str
    attempt: int
    acknowledged: bool


@dataclass
class SocketMode:
    """The websocket side. `ack_within`: seconds after which an envelope is sent again (3 at Slack)."""

    ack_within: float = 3
    attempts: int = 4
    envelopes: list[Envelope] = field(default_factory=list)
    connections: list[web.WebSocketResponse] = field(default_factory=list)
    opened: int = 0
    failing: int = 0  # so many connections fail
    _tickets: set[str] = field(default_factory=set)
    _acks: dict[str, asyncio.Event] = field(default_factory=dict)
    _connected: asyncio.Event = field(default_factory=asyncio.Event)

    def ticket(self) -> str:
        """A fresh path for apps.connections.open; each is good for one connection."""
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return f"/link/?ticket={ticket}&app_id={APP}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408, text="link_disabled")
        self._tickets.remove(ticket)
        if self.failing:
            self.failing -= 1
            return web.Response(status=503, text="the connection failed, and its ticket is spent")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections.append(socket)
        self.opened += 1
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self.connections),
                "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": APP},
            }
        )
        self._connected.set()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(frame.data)
        finally:
            self._forget(socket)
        return socket

    def _acknowledge(self, text: str) -> None:
        answer = json.loads(text)
        if (ack := self._acks.get(answer.get("envelope_id", ""))) is not None:
            ack.set()

    def _forget(self, socket: web.WebSocketResponse) -> None:
        if socket in self.connections:
            self.connections.remove(socket)
        if not self.connections:
            self._connected.clear()

    async def deliver(self, payload: JSON, copies: int = 1) -> None:
        await asyncio.gather(*(self._until_acknowledged(payload) for _ in range(copies)))

    async def _until_acknowledged(self, payload: JSON) -> None:
        for attempt in range(self.attempts):
            await self._connected.wait()
            envelope_id = str(uuid.uuid4())
            ack = self._acks[envelope_id] = asyncio.Event()
            envelope = {
                "envelope_id": envelope_id,
                "payload": payload,
                "type": "events_api",
                "accepts_response_payload": False,
                "retry_attempt": attempt,
                "retry_reason": "timeout" if attempt else "",
            }
            try:
                await random.choice(self.connections).send_json(envelope)
                await asyncio.wait_for(ack.wait(), self.ack_within)
            except (TimeoutError, ConnectionError):
                self.envelopes.append(Envelope(payload["event_id"], attempt, acknowledged=False))
            else:
                self.envelopes.append(Envelope(payload["event_id"], attempt, acknowledged=True))
                return
            finally:
                del self._acks[envelope_id]

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back on a new one, as Slack does every few hours, and close it."""
        for socket in list(self.connections):
            self._forget(socket)
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}})
            await socket.close()

    async def drop(self) -> None:
        """Lose every connection without a word."""
        for socket in list(self.connections):
            self._forget(socket)
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    async def close(self) -> None:
        for socket in list(self.connections):
            await socket.close()
