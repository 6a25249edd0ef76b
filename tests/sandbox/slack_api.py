"""The Web API methods that the bot calls, as strict as the real ones: arguments, scopes, error codes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from tests.sandbox.slack_arguments import Refused, is_timestamp, is_true, metadata, read, required, whole
from tests.sandbox.slack_faults import Error, Faults, Reset, Slow, Status, cut, send_slowly, status_response
from tests.sandbox.slack_workspace import APP, BOT_ID, BOT_USER, JSON, PERSON, TEAM, Call, Posted, Reaction, Workspace

HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history", "mpim": "mpim:history"}
MAX_TEXT = 40_000
APP_SCOPES = {"connections:write"}


@dataclass
class Credentials:
    bot_token: str
    app_token: str
    scopes: set[str]

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))


class WebAPI:
    """POST or GET /api/{method}."""

    def __init__(
        self, workspace: Workspace, credentials: Credentials, faults: Faults, connect: Callable[[], str]
    ) -> None:
        self._workspace = workspace
        self._credentials = credentials
        self._faults = faults
        self._connect = connect
        self._methods: dict[str, Callable[[JSON], JSON]] = {
            "auth.test": self._auth_test,
            "chat.delete": self._delete_message,
            "chat.postMessage": self._post_message,
            "conversations.replies": self._replies,
            "files.info": self._files_info,
            "reactions.add": self._add_reaction,
            "reactions.remove": self._remove_reaction,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fault = self._faults.next(method)
        if isinstance(fault, Status):
            return status_response(fault)
        if isinstance(fault, Reset) and not fault.after_work:
            return cut(request)
        arguments: JSON = {}
        token = None
        try:
            arguments, token = await read(request, json_accepted=method in WRITES)
            failed = {"ok": False, "error": fault.code} if isinstance(fault, Error) else None
            answer = failed or {"ok": True, **self._call(method, arguments, token)}
        except Refused as refused:
            answer = refused.body
        with self._workspace.changed:
            self._workspace.calls.append(Call(method, arguments, answer, time.time()))
            self._workspace.changed.notify_all()
        if isinstance(fault, Reset):
            return cut(request)
        if isinstance(fault, Slow):
            return await send_slowly(request, json.dumps(answer).encode(), "application/json", fault)
        return web.json_response(answer, headers=self._granted(token))

    def _granted(self, token: str | None) -> dict[str, str]:
        """Name the scopes of a token that Slack knows; of another one there is nothing to tell."""
        scopes = {self._credentials.bot_token: self._credentials.scopes, self._credentials.app_token: APP_SCOPES}
        return {"x-oauth-scopes": ",".join(sorted(scopes[token]))} if token in scopes else {}

    def _call(self, method: str, arguments: JSON, token: str | None) -> JSON:
        if method != "apps.connections.open" and method not in self._methods:
            raise Refused("unknown_method", req_method=method)
        if not token:
            raise Refused("not_authed")
        if token not in (self._credentials.bot_token, self._credentials.app_token):
            raise Refused("invalid_auth")
        if (token == self._credentials.app_token) != (method == "apps.connections.open"):
            raise Refused("not_allowed_token_type")
        with self._workspace.changed:
            if method == "apps.connections.open":
                return {"url": self._connect()}
            return self._methods[method](arguments)

    def _auth_test(self, arguments: JSON) -> JSON:
        return {
            "url": "https://sandbox.slack.com/",
            "team": "Sandbox",
            "user": "captionbot",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _post_message(self, arguments: JSON) -> JSON:
        self._credentials.require("chat:write")
        channel = required(arguments, "channel", "channel_not_found")
        if channel == PERSON:  # a person's id opens the direct message with them
            channel = "D0ALICE"
        conversation = self._workspace.conversations.get(channel)
        if conversation is None:
            raise Refused("channel_not_found")
        if not conversation.bot_is_member:
            raise Refused("not_in_channel")
        if conversation.restriction is not None:
            raise Refused(conversation.restriction)
        text = str(arguments.get("text") or "")
        if not text and not arguments.get("blocks") and not arguments.get("attachments"):
            raise Refused("no_text")
        if len(text) > MAX_TEXT:
            raise Refused("msg_too_long")
        thread_ts = arguments.get("thread_ts")
        if thread_ts is not None and not is_timestamp(thread_ts):
            raise Refused("invalid_thread_ts")
        if thread_ts is not None and not conversation.thread(thread_ts):
            thread_ts = None  # Slack says nothing, and posts into the channel.
        ts = self._workspace.timestamp()
        message: JSON = {
            "type": "message",
            "user": BOT_USER,
            "bot_id": BOT_ID,
            "app_id": APP,
            "team": TEAM,
            "text": text,
            "ts": ts,
        }
        if thread_ts is not None:
            message["thread_ts"] = thread_ts
        if "metadata" in arguments:
            message["metadata"] = metadata(arguments["metadata"])
        conversation.messages[ts] = message
        self._workspace.posted.append(Posted(channel, text, thread_ts, ts, arguments, time.time()))
        return {"channel": channel, "ts": ts, "message": message}

    def _delete_message(self, arguments: JSON) -> JSON:
        self._credentials.require("chat:write")
        conversation = self._workspace.conversations.get(required(arguments, "channel", "channel_not_found"))
        if conversation is None:
            raise Refused("channel_not_found")
        ts = required(arguments, "ts", "message_not_found")
        if ts not in conversation.messages:
            raise Refused("message_not_found")
        if conversation.messages[ts].get("bot_id") != BOT_ID:
            raise Refused("cant_delete_message")
        conversation.remove(ts)
        self._workspace.posted[:] = [p for p in self._workspace.posted if (p.channel, p.ts) != (conversation.id, ts)]
        return {"channel": conversation.id, "ts": ts}

    def _replies(self, arguments: JSON) -> JSON:
        channel = required(arguments, "channel", "channel_not_found")
        conversation = self._workspace.conversations.get(channel)
        if conversation is None:
            raise Refused("channel_not_found")
        self._credentials.require(HISTORY[conversation.kind])
        if not conversation.bot_is_member:
            raise Refused("not_in_channel")
        ts = required(arguments, "ts", "invalid_arguments")
        limit = whole(arguments.get("limit", 1000), "invalid_limit")
        if not 1 <= limit <= 1000:
            raise Refused("invalid_limit")
        thread = conversation.visible(ts)
        if not thread:
            raise Refused("thread_not_found")
        oldest, latest = str(arguments.get("oldest", "0")), str(arguments.get("latest", "9" * 10))
        inclusive = is_true(arguments, "inclusive")
        # The root always comes along, whatever the bounds are.
        bounded = [
            m
            for m in thread
            if m is thread[0] or oldest < m["ts"] < latest or (inclusive and m["ts"] in (oldest, latest))
        ]
        start, size = whole(arguments.get("cursor") or 0, "invalid_cursor"), min(limit, self._workspace.largest_page)
        page, more = bounded[start : start + size], len(bounded) > start + size
        if not is_true(arguments, "include_all_metadata"):
            page = [{name: value for name, value in m.items() if name != "metadata"} for m in page]
        answer: JSON = {"messages": page, "has_more": more}
        if more:
            answer["response_metadata"] = {"next_cursor": str(start + size)}
        return answer

    def _files_info(self, arguments: JSON) -> JSON:
        self._credentials.require("files:read")
        file = self._workspace.files.get(required(arguments, "file", "file_not_found"))
        if file is None:
            raise Refused("file_not_found")
        if file.deleted:
            raise Refused("file_deleted")
        if file.stub is not None and file.stub.get("file_access") == "access_denied":
            raise Refused("access_denied")
        file.infos += 1
        shown = self._workspace.file_object(file, renditions=file.infos >= file.renditions_after)
        return {"file": shown, "comments": [], "response_metadata": {"next_cursor": ""}}

    def _add_reaction(self, arguments: JSON) -> JSON:
        reactions, name = self._reactions_of(arguments)
        if any(r["name"] == name for r in reactions):
            raise Refused("already_reacted")
        reactions.append({"name": name, "users": [BOT_USER], "count": 1})
        self._workspace.reactions.append(Reaction("add", arguments["channel"], arguments["timestamp"], name))
        return {}

    def _remove_reaction(self, arguments: JSON) -> JSON:
        reactions, name = self._reactions_of(arguments)
        if not any(r["name"] == name for r in reactions):
            raise Refused("no_reaction")
        reactions[:] = [r for r in reactions if r["name"] != name]
        self._workspace.reactions.append(Reaction("remove", arguments["channel"], arguments["timestamp"], name))
        return {}

    def _reactions_of(self, arguments: JSON) -> tuple[list[JSON], str]:
        self._credentials.require("reactions:write")
        name = required(arguments, "name", "invalid_name")
        if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
            raise Refused("invalid_name")
        if "timestamp" not in arguments:
            raise Refused("no_item_specified")
        if not is_timestamp(arguments["timestamp"]):
            raise Refused("bad_timestamp")
        conversation = self._workspace.conversations.get(required(arguments, "channel", "no_item_specified"))
        if conversation is None:
            raise Refused("channel_not_found")
        message = conversation.messages.get(arguments["timestamp"])
        if message is None:
            raise Refused("message_not_found")
        reactions: list[JSON] = message.setdefault("reactions", [])
        return reactions, name


# Methods that write take JSON bodies; those that only read take forms and query strings and do not see JSON.
WRITES = frozenset({"auth.test", "chat.delete", "chat.postMessage", "reactions.add", "reactions.remove"})
