"""The fake Telegram as a process of its own, with a few control requests for what people do."""

import argparse
import json
import signal
import threading

from aiohttp import web
from aiohttp.web_request import FileField

from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_look import look
from tests.sandbox.telegram_people import text
from tests.sandbox.telegram_world import Chat


class Control:
    """POST /sandbox/photo (form: chat, caption, photo…; several make an album), /sandbox/say; GET /sandbox/messages.

    `chat` is a name: a private chat of that name is opened by its first use. GET /sandbox/look shows it.
    """

    def __init__(self, telegram: TelegramSandbox) -> None:
        self._telegram = telegram
        self._chats: dict[str, Chat] = {}

    def app(self) -> web.Application:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_post("/sandbox/photo", self._photo)
        app.router.add_post("/sandbox/say", self._say)
        app.router.add_get("/sandbox/messages", self._messages)
        app.router.add_get("/sandbox/look", self._look)
        return app

    async def _photo(self, request: web.Request) -> web.Response:
        form = await request.post()
        photos = [part.file.read() for part in form.getall("photo", []) if isinstance(part, FileField)]
        if not photos:
            return web.json_response({"error": "send at least one file in the field photo"}, status=400)
        people, chat = self._telegram.people, self._chat(form)
        contents = [people.photo(photo, _text(form, "caption") or None) for photo in photos]
        album = people.album(contents) if len(contents) > 1 else contents
        messages = [people.post(chat, content) for content in album]
        return web.json_response({"chat": chat.id, "messages": [message["message_id"] for message in messages]})

    async def _say(self, request: web.Request) -> web.Response:
        form = await request.post()
        chat = self._chat(form)
        message = self._telegram.people.post(chat, text(_text(form, "text")))
        return web.json_response({"chat": chat.id, "messages": [message["message_id"]]})

    async def _messages(self, _: web.Request) -> web.Response:
        return web.json_response(
            [
                {"chat": sent.chat, "reply_to": sent.reply_to, "text": sent.text}
                for sent in list(self._telegram.world.sent)
            ]
        )

    async def _look(self, request: web.Request) -> web.Response:
        chat = self._chats.get(request.query.get("chat", "Ada"))
        return web.Response(text=look(self._telegram.world, chat), content_type="text/html")

    def _chat(self, form: object) -> Chat:
        name = _text(form, "chat") or "Ada"
        if name not in self._chats:
            self._chats[name] = self._telegram.world.add_chat("private", name)
        return self._chats[name]


def _text(form: object, name: str) -> str:
    value = form.get(name, "") if hasattr(form, "get") else ""
    return value if isinstance(value, str) else ""


def main() -> None:
    """Serve the Bot API on --port and the control requests on the next port, until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9200)
    parser.add_argument("--webhook", help="send updates to this URL; else the bot polls for them")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with TelegramSandbox(port=arguments.port) as telegram:
        control = telegram.run(telegram.serve(Control(telegram).app(), arguments.port + 1))
        if arguments.webhook:
            telegram.set_webhook(arguments.webhook)
        print(json.dumps({**telegram.environment, "CONTROL": control}), flush=True)
        ended.wait()
