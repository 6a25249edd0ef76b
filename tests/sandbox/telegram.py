"""A fake Telegram with one bot: a Bot API server on a local port, and people who send it things.

`with TelegramSandbox() as telegram:` runs it in a thread; `python -m tests.sandbox.telegram --port 9200` as a process.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar

from aiohttp import web

from tests.sandbox.telegram_actions import Actions
from tests.sandbox.telegram_faults import Faults
from tests.sandbox.telegram_methods import Methods
from tests.sandbox.telegram_people import People
from tests.sandbox.telegram_server import Server
from tests.sandbox.telegram_webhook import Webhook
from tests.sandbox.telegram_world import TOKEN, Chat, Json, Sent, World

T = TypeVar("T")
WEBHOOK_SECRET = "sandbox-webhook-secret_0123456789"


class TelegramSandbox(Actions):
    """The whole of Telegram, for one bot. Its methods may be called from any thread but the sandbox's own.

    To look at: `sent`, `world.actions`, `world.calls`, `world.downloads`, `webhook.deliveries`, `strays` (requests to
    `elsewhere_url`). To change: `faults`, `webhook.copies`, `webhook.shuffled`, a chat's `closed_to_bot`,
    `bot_may_write`, `migrated_to`, and `world.reads_all_group_messages`.
    """

    def __init__(self, *, port: int = 0, host: str = "127.0.0.1", token: str = TOKEN) -> None:
        world = World(token=token)
        super().__init__(world, People(world))
        self.faults = Faults()
        self._host, self._port = host, port

    # --- running -----------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        self._servers.start()
        self.run(self._open())
        return self

    def stop(self) -> None:
        self.run(self._stop_sending())
        self._servers.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    async def _open(self) -> None:
        self.webhook = Webhook(self.world)
        self.server = Server(self.world, Methods(self.world, self.webhook), self.faults)
        self.url = await self.serve(self.server.app(), self._port)
        self.elsewhere_url = await self.serve(self.server.elsewhere(), 0)
        self._sender = asyncio.create_task(self.webhook.run())

    async def serve(self, app: web.Application, port: int) -> str:
        return await self._servers.serve(app, port, self._host, patience=0.1)

    async def _stop_sending(self) -> None:
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which a bot talks to this Telegram."""
        return {
            "TELEGRAM_API_URL": self.url,
            "TELEGRAM_BOT_TOKEN": self.world.token,
            "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }

    def set_webhook(self, url: str, secret: str = WEBHOOK_SECRET) -> None:
        """Send updates to this URL, as after setWebhook."""
        self._do(lambda: self.webhook.set(url, secret, 40))

    # --- looking and waiting -----------------------------------------------------------------------------------------

    @property
    def updates(self) -> list[Json]:
        """Every update so far: what a test can hand to the bot itself."""
        return list(self.world.history)

    def sent(self, chat: Chat) -> list[Sent]:
        """What the bot said in a chat."""
        return [sent for sent in list(self.world.sent) if sent.chat == chat.id]

    def replies(self, message: Json) -> list[Sent]:
        """What the bot answered to a message."""
        return [
            sent
            for sent in list(self.world.sent)
            if sent.chat == message["chat"]["id"] and sent.reply_to == message["message_id"]
        ]

    def wait_until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        """Wait until the condition holds. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("the sandbox waited in vain")
            time.sleep(0.005)

    def settle(self, seconds: float = 60) -> None:
        """Wait until the webhook (or a poller) has taken every update."""
        self.wait_until(lambda: not self.world.pending, seconds)

    @contextmanager
    def reordered(self) -> Iterator[None]:
        """Hold back the updates of what happens inside, and send them in another order afterwards."""
        held: list[Json] = []
        self.world.held = held
        try:
            yield
        finally:
            self.world.held = None
            random.Random(0).shuffle(held)
            self._do(lambda: self._queue(held))

    def _queue(self, updates: list[Json]) -> None:
        for update in updates:
            self.world.queue(update)


if __name__ == "__main__":
    from tests.sandbox.telegram_process import main

    main()
