"""What people do in the fake workspace: each action changes it and returns the events that Slack would send."""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.sandbox.slack_events import envelope, message
from tests.sandbox.slack_photos import STUBS, Upload, guess_mimetype, render, size_of, still
from tests.sandbox.slack_workspace import BOT_USER, JSON, PERSON, TEAM, Conversation, StoredFile, Workspace

# Slack may or may not send an app_mention beside the file_share of a photo that mentions the bot, and its files may be
# missing from it (slackapi/bolt-python#925).
MentionBeside = Literal["never", "with files", "without files"]


@dataclass(frozen=True)
class Sent:
    """What an action caused: the message's ts and the event callbacks, in Slack's order."""

    channel: str
    ts: str
    payloads: list[JSON]

    @property
    def payload(self) -> JSON:
        return self.payloads[0]


@dataclass
class People:
    """The people of the workspace. `files_url` is the file host's base URL, ending with a slash."""

    workspace: Workspace
    files_url: str = ""

    def upload(
        self,
        channel: str,
        photos: Sequence[bytes | Upload],
        *,
        user: str = PERSON,
        text: str = "",
        thread_ts: str | None = None,
        mention_beside: MentionBeside = "with files",
        subtype: str | None = "file_share",
    ) -> Sent:
        conversation = self.workspace.conversation(channel)
        ts = self.workspace.timestamp()
        files = [self._store(p if isinstance(p, Upload) else Upload(p), user, ts) for p in photos]
        extra: JSON = {"files": [self.workspace.file_in_event(f) for f in files], "upload": False}
        extra |= _threaded(conversation, thread_ts)
        if subtype is not None:
            extra["subtype"] = subtype
        if subtype == "thread_broadcast":
            extra["root"] = conversation.messages[str(thread_ts)]
        event = message(conversation, ts, text, user, **extra)
        return self._written(conversation, event, mention_beside)

    def forward(
        self,
        channel: str,
        original: Sent,
        *,
        user: str = PERSON,
        text: str = "",
        thread_ts: str | None = None,
        unfurl: bool = False,
    ) -> Sent:
        """Forward a message, with its files inside the attachment; `unfurl`: by a link to it that Slack shows."""
        conversation = self.workspace.conversation(channel)
        source = self.workspace.conversation(original.channel).messages[original.ts]
        shared: JSON = {
            "ts": source["ts"],
            "author_id": source["user"],
            "channel_id": original.channel,
            "channel_team": TEAM,
            "is_msg_unfurl": True,
            "id": 1,
            "from_url": f"https://sandbox.slack.com/archives/{original.channel}/p{source['ts'].replace('.', '')}",
            "fallback": "[forwarded message]",
            "text": source["text"],
            "files": source.get("files", []),
            "mrkdwn_in": ["text"],
        }
        if not unfurl:
            shared["is_share"] = True
        # What was forwarded before comes along.
        shared |= {name: source[name] for name in ("attachments",) if name in source}
        extra = {"attachments": [shared], **_threaded(conversation, thread_ts)}
        return self._written(conversation, message(conversation, self.workspace.timestamp(), text, user, **extra))

    def _written(self, conversation: Conversation, event: JSON, mention_beside: MentionBeside = "with files") -> Sent:
        self.workspace.keep(conversation, event)
        payloads = [envelope(self.workspace, event)]
        if f"<@{BOT_USER}>" in event["text"] and conversation.kind != "im" and mention_beside != "never":
            beside = _mention(event)
            if mention_beside == "without files":
                beside.pop("files", None)
            payloads.append(envelope(self.workspace, beside))
        return Sent(conversation.id, event["ts"], payloads)

    def say(self, channel: str, text: str, *, user: str = PERSON, thread_ts: str | None = None) -> Sent:
        """Write a plain message; with the bot's mention in a channel it causes an app_mention too."""
        conversation = self.workspace.conversation(channel)
        ts = self.workspace.timestamp()
        return self._written(conversation, message(conversation, ts, text, user, **_threaded(conversation, thread_ts)))

    def join(self, channel: str, user: str = BOT_USER) -> Sent:
        """Bring somebody into a channel; as default the bot, which a person invited."""
        conversation = self.workspace.conversation(channel)
        if user == BOT_USER:
            conversation.bot_is_member = True
        ts = self.workspace.timestamp()
        kind = "group_join" if conversation.kind == "group" else "channel_join"
        event = message(conversation, ts, f"<@{user}> has joined the channel", user, subtype=kind, inviter=PERSON)
        del event["client_msg_id"]
        conversation.messages[ts] = copy.deepcopy(event)
        member = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel,
            "channel_type": "G" if conversation.kind == "group" else "C",
            "team": TEAM,
            "inviter": PERSON,
            "event_ts": ts,
        }
        return Sent(channel, ts, [envelope(self.workspace, event), envelope(self.workspace, member)])

    def open_dm(self, channel: str = "D0ALICE", user: str = PERSON) -> Sent:
        """Open the app's messages tab."""
        ts = self.workspace.timestamp()
        event = {"type": "app_home_opened", "user": user, "channel": channel, "tab": "messages", "event_ts": ts}
        return Sent(channel, ts, [envelope(self.workspace, event)])

    def edit(self, sent: Sent, text: str) -> Sent:
        """Edit a message: Slack sends the whole new and old message inside a hidden one."""
        conversation = self.workspace.conversation(sent.channel)
        old = conversation.messages[sent.ts]
        new = {**old, "text": text, "edited": {"user": old["user"], "ts": self.workspace.timestamp()}}
        conversation.messages[sent.ts] = copy.deepcopy(new)
        return self._hidden(conversation, "message_changed", message=new, previous_message=old)

    def delete(self, sent: Sent) -> Sent:
        """Delete a message and its files. A message with replies is told of as changed into its tombstone."""
        conversation = self.workspace.conversation(sent.channel)
        old = conversation.remove(sent.ts)
        for file in old.get("files", []):
            self.workspace.files[file["id"]].deleted = True
        if (left := conversation.messages.get(sent.ts)) is not None:
            return self._hidden(conversation, "message_changed", message=left, previous_message=old)
        return self._hidden(conversation, "message_deleted", previous_message=old, deleted_ts=sent.ts)

    def delete_files(self, sent: Sent) -> Sent:
        """Delete the files of a message, which stays."""
        conversation = self.workspace.conversation(sent.channel)
        old = conversation.messages[sent.ts]
        for file in old["files"]:
            self.workspace.files[file["id"]].deleted = True
        new = {**old, "files": [{"id": file["id"], "mode": "tombstone"} for file in old["files"]]}
        conversation.messages[sent.ts] = copy.deepcopy(new)
        return self._hidden(conversation, "message_changed", message=new, previous_message=old)

    def _hidden(self, conversation: Conversation, subtype: str, **fields: object) -> Sent:
        ts = self.workspace.timestamp()
        event = {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": conversation.id,
            "channel_type": conversation.kind,
            "ts": ts,
            "event_ts": ts,
            **fields,
        }
        return Sent(conversation.id, ts, [envelope(self.workspace, event)])

    def _store(self, upload: Upload, user: str, ts: str) -> StoredFile:
        id_ = f"F{self.workspace.number():08d}"
        own_url = f"{self.files_url}files-pri/{TEAM}-{id_}/{upload.name}"
        suffix = upload.name.rsplit(".", 1)[-1].lower()
        info: JSON = {
            "id": id_,
            "created": int(time.time()),
            "timestamp": int(time.time()),
            "name": upload.name,
            "title": upload.name,
            "mimetype": guess_mimetype(upload.data, upload.name) if upload.mimetype is None else upload.mimetype,
            "filetype": "" if upload.mimetype == "" else suffix,
            "pretty_type": suffix.upper(),
            "user": user,
            "user_team": TEAM,
            "editable": False,
            "size": len(upload.data) if upload.stated_size is None else upload.stated_size,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": True,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": own_url if upload.url is None else upload.url,
            "url_private_download": own_url if upload.url is None else upload.url,
            "media_display_type": "unknown",
            "permalink": f"https://sandbox.slack.com/files/{user}/{id_}/{upload.name}",
            "permalink_public": f"https://slack-files.com/{TEAM}-{id_}-0123456789",
            "is_starred": False,
            "has_rich_preview": False,
            "file_access": "visible",
        }
        if (size := size_of(upload.data)) is not None:
            info |= {"original_w": size[0], "original_h": size[1]}
        renditions = render(upload.data) if upload.renditions else []
        if upload.poster is not None:
            renditions = [still(upload.poster)]
        stub = STUBS["check_file_info" if upload.stub is True else upload.stub] if upload.stub else None
        file = StoredFile(id_, upload.data, info, renditions, upload.renditions_after, stub)
        if stub in (STUBS["tombstone"], STUBS["file_not_found"]):
            file.deleted = True
        self.workspace.files[id_] = file
        return file


def _threaded(conversation: Conversation, thread_ts: str | None) -> JSON:
    if thread_ts is None:
        return {}
    root = conversation.messages.get(thread_ts)
    return {"thread_ts": thread_ts, "parent_user_id": root["user"] if root else PERSON}


def _mention(event: JSON) -> JSON:
    """Turn a message event into the app_mention that goes with it."""
    kept = {k: v for k, v in event.items() if k not in ("subtype", "channel_type")}
    return kept | {"type": "app_mention"}
