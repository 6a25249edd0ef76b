"""The Bot API methods that the bot uses, with their argument checks and error descriptions.

Descriptions are those of https://github.com/tdlib/telegram-bot-api (Client.cpp) and of TDLib behind it.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from tests.sandbox.telegram_arguments import ApiError, Arguments, bad_request
from tests.sandbox.telegram_markup import check_markup, hidden
from tests.sandbox.telegram_webhook import Webhook
from tests.sandbox.telegram_world import MAX_DOWNLOAD, UPDATE_TYPES, UPDATE_TYPES_ON_REQUEST, Chat, Json, Sent, World

MAX_TEXT = 4096
ACTIONS = (
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document"),
    *("choose_sticker", "find_location", "record_video_note", "upload_video_note"),
)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Method = Callable[[Arguments], Awaitable[object]]


class Methods:
    """Each public method named after, and doing what, the Bot API's method does; raises ApiError."""

    def __init__(self, world: World, webhook: Webhook) -> None:
        self._world = world
        self._webhook = webhook
        self._polling: asyncio.Event | None = None
        self._by_name: dict[str, Method] = {
            "getme": self.get_me,
            "getupdates": self.get_updates,
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.get_webhook_info,
            "getfile": self.get_file,
            "sendmessage": self.send_message,
            "answerguestquery": self.answer_guest_query,
            "sendchataction": self.send_chat_action,
            "setmycommands": self.set_my_commands,
            "getmycommands": self.get_my_commands,
        }

    async def call(self, name: str, arguments: Arguments) -> object:
        """Call a method by its name, in any case."""
        method = self._by_name.get(name.lower())
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        return await method(arguments)

    async def get_me(self, _: Arguments) -> Json:
        reads_all = self._world.reads_all_group_messages
        rights = {"can_join_groups": True, "can_read_all_group_messages": reads_all, "supports_inline_queries": False}
        rights |= {"supports_guest_queries": True}
        return {**self._world.bot, **rights}

    # --- updates -----------------------------------------------------------------------------------------------------

    async def get_updates(self, arguments: Arguments) -> list[Json]:
        if self._webhook.url:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                "webhook first",
            )
        self._choose_updates(arguments)
        offset, limit = arguments.integer("offset"), arguments.integer("limit", 100)
        wait = min(arguments.integer("timeout"), 50)
        pending = self._world.pending
        if offset < 0:
            del pending[:offset]
        else:
            pending[:] = [update for update in pending if update["update_id"] >= offset]
        if self._polling is not None:
            self._polling.set()
        ended = self._polling = asyncio.Event()
        await self._wait_for_updates(ended, wait)
        if self._polling is not ended:
            raise ApiError(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        self._polling = None
        return list(pending[: max(1, min(limit, 100))])

    async def _wait_for_updates(self, ended: asyncio.Event, seconds: float) -> None:
        self._world.listeners.append(ended.set)
        try:
            if not self._world.pending and seconds > 0:
                async with asyncio.timeout(seconds):
                    await ended.wait()
        except TimeoutError:
            pass
        finally:
            self._world.listeners.remove(ended.set)

    async def set_webhook(self, arguments: Arguments) -> Json | bool:
        url, secret = arguments.text("url"), arguments.text("secret_token")
        if not url:
            return await self.delete_webhook(arguments)
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK  # a Bot API server of one's own takes such a webhook
        if parts.scheme != "https" and not (local and parts.scheme == "http"):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if not parts.hostname:
            raise bad_request("bad webhook: invalid webhook URL specified")
        if not local and (parts.port or 443) not in {443, 80, 88, 8443}:
            raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if secret and not SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        connections = arguments.integer("max_connections", 40)
        if not 1 <= connections <= 100:
            raise bad_request("max_connections must be from 1 to 100")
        self._choose_updates(arguments)
        if arguments.flag("drop_pending_updates"):
            self._world.pending.clear()
        self._webhook.set(url, secret, connections)
        return True

    async def delete_webhook(self, arguments: Arguments) -> bool:
        if arguments.flag("drop_pending_updates"):
            self._world.pending.clear()
        self._webhook.set("", "", 40)
        return True

    async def get_webhook_info(self, _: Arguments) -> Json:
        hook = self._webhook
        info: Json = {
            "url": hook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.pending),
        }
        if hook.url:
            info |= {"max_connections": hook.max_connections, "ip_address": "127.0.0.1"}
            info |= {"allowed_updates": self._world.allowed_updates}
        if hook.last_error:
            info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error}
        return info

    def _choose_updates(self, arguments: Arguments) -> None:
        asked = arguments.parsed("allowed_updates", "allowed updates", list)
        if asked is None:
            return  # "if not specified, the previous setting will be used"
        known = [name for name in UPDATE_TYPES + UPDATE_TYPES_ON_REQUEST if name in asked]
        self._world.allowed_updates = known or list(UPDATE_TYPES)

    # --- files -------------------------------------------------------------------------------------------------------

    async def get_file(self, arguments: Arguments) -> Json:
        file = self._world.files.get(arguments.text("file_id"))
        if file is None:
            raise bad_request("invalid file_id")
        if file.size > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file.file_id,
            "file_unique_id": file.unique_id,
            "file_size": file.size,
            "file_path": file.path,
        }

    # --- messages ----------------------------------------------------------------------------------------------------

    async def send_message(self, arguments: Arguments) -> Json:
        chat, thread = self._writable(arguments)
        text = arguments.text("text")
        check_markup(text, arguments.text("parse_mode"))
        if not text.strip():
            raise bad_request("message text is empty")
        if len(text) > MAX_TEXT:
            raise bad_request("message is too long")
        under_spoilers = hidden(text, arguments.parsed("entities", "message entities", list))
        replied = self._replied(chat, arguments)
        content: Json = {"from": self._world.bot, "text": text}
        if replied is not None:
            content["reply_to_message"] = {k: v for k, v in replied.items() if k != "reply_to_message"}
        if thread is not None:
            content |= {"message_thread_id": thread, "is_topic_message": True}
        message = self._world.add_message(chat, content)
        reply_to = replied["message_id"] if replied else None
        self._world.sent.append(
            Sent(chat.id, text, reply_to, thread, message["message_id"], time.monotonic(), under_spoilers)
        )
        return message

    async def answer_guest_query(self, arguments: Arguments) -> Json:
        query = arguments.text("guest_query_id")
        chat = self._world.guest_queries.pop(query, None)
        if chat is None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        result = arguments.parsed("result", "inline query result", dict)
        if result is None or not result.get("type") or not result.get("id"):
            raise bad_request("can't parse inline query result: Can't find field \"type\"")
        if result["type"] == "article" and not result.get("title"):
            raise bad_request("can't parse inline query result: Can't find field \"title\"")
        content = result.get("input_message_content") or {}
        text = str(content.get("message_text", ""))
        if not text.strip():
            raise bad_request("message text is empty")
        if len(text) > MAX_TEXT:
            raise bad_request("message is too long")
        under_spoilers = hidden(text, content.get("entities"))
        self._world.guest_answers[query] = Sent(chat.id, text, None, None, 0, time.monotonic(), under_spoilers)
        return {"inline_message_id": f"inline-{query}"}

    async def send_chat_action(self, arguments: Arguments) -> bool:
        if (chat_asked := self._world.chats.get(arguments.integer("chat_id"))) and chat_asked.direct_messages:
            raise bad_request("chat actions aren't supported in channel direct messages chats")
        chat, thread = self._writable(arguments)
        action = arguments.text("action")
        if action not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        self._world.actions.append((chat.id, action, thread))
        return True

    def _writable(self, arguments: Arguments) -> tuple[Chat, int | None]:
        """Find the chat and topic to write in."""
        if not arguments.text("chat_id"):
            raise bad_request("chat_id is empty")
        chat = self._world.chats.get(arguments.integer("chat_id"))
        if chat is None or not chat.has_bot:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )
        if chat.closed_to_bot and chat.type == "private":
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat.closed_to_bot:
            raise ApiError(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        if not chat.bot_may_write:
            raise bad_request("not enough rights to send text messages to the chat")
        if chat.direct_messages:
            topic = arguments.integer("direct_messages_topic_id") or None
            if topic is None or arguments.text("message_thread_id"):
                raise bad_request("channel direct messages topic must be specified")
            if topic not in chat.topics:
                raise bad_request("topic not found")
            return chat, topic
        if arguments.text("direct_messages_topic_id"):
            raise bad_request("chat is not a channel direct messages chat")
        thread = arguments.integer("message_thread_id") or None
        if thread is not None and thread not in chat.topics:
            raise bad_request("message thread not found")
        return chat, thread

    def _replied(self, chat: Chat, arguments: Arguments) -> Json | None:
        parameters = arguments.parsed("reply_parameters", "reply parameters", dict)
        if parameters is None:
            return None
        message_id = parameters.get("message_id")
        if not isinstance(message_id, int):
            raise bad_request("can't parse reply parameters: Can't find field \"message_id\"")
        if message_id in chat.messages:
            return chat.messages[message_id]
        if parameters.get("allow_sending_without_reply") is True:
            return None
        raise bad_request("message to be replied not found")

    # --- commands ----------------------------------------------------------------------------------------------------

    async def set_my_commands(self, arguments: Arguments) -> bool:
        commands = arguments.parsed("commands", "commands", list)
        if commands is None:
            raise bad_request("can't parse commands: expected an Array of BotCommand")
        for command in commands:
            if not isinstance(command, dict) or not COMMAND.fullmatch(str(command.get("command", ""))):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self._world.commands = commands
        return True

    async def get_my_commands(self, _: Arguments) -> list[Json]:
        return self._world.commands
