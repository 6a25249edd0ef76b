"""A channel as Slack's app would show it, made of what the workspace holds."""

from html import unescape

from tests.sandbox.look import clock, picture, words
from tests.sandbox.slack_workspace import BOT_USER, JSON, PERSON, Workspace

NAMES = {PERSON: "Alice", BOT_USER: "captionbot"}
EMOJI = {"eyes": "👀", "white_check_mark": "✅", "x": "❌", "warning": "⚠️", "hourglass_flowing_sand": "⏳"}

CSS = """<style>
.slack { border: 1px solid light-dark(#ddd, #3a3d41); border-radius: 10px; overflow: hidden; line-height: 1.45;
         background: light-dark(#fff, #1a1d21); color: light-dark(#1d1c1d, #d1d2d3); font-family: Lato, sans-serif; }
.slack header { padding: 12px 16px; font-weight: 900; border-bottom: 1px solid light-dark(#ddd, #3a3d41); }
.slack article { display: flex; gap: 10px; padding: 10px 16px; }
.slack .thread { margin: 0 0 10px 46px; border-left: 2px solid light-dark(#ddd, #3a3d41); }
.slack .thread p { margin: 0; padding: 4px 16px 0; font-size: 13px; color: light-dark(#1264a3, #6cb8f0); }
.slack .face { flex: none; width: 36px; height: 36px; border-radius: 8px; display: grid; place-items: center;
               color: #fff; font-weight: 700; background: #7a3f86; }
.slack .bot .face { background: #0f6b66; }
.slack .who { font-weight: 900; }
.slack .app { font-size: 10px; font-weight: 700; padding: 1px 4px; border-radius: 3px;
              background: light-dark(#e8e8e8, #35383d); }
.slack time, .slack .name { font-size: 12px; color: light-dark(#616061, #a6a7a9); }
.slack .name { display: block; }
.slack img { display: block; max-width: min(360px, 100%); border-radius: 8px; margin-top: 4px; }
.slack .reaction { display: inline-block; margin-top: 4px; padding: 1px 8px; border-radius: 12px; font-size: 13px;
                   background: light-dark(#efefef, #2c2f33); }
</style>"""


def look(workspace: Workspace, channel: str = "C0GENERAL") -> str:
    """The channel as HTML, each message with its thread."""
    with workspace.changed:
        messages = sorted(workspace.conversation(channel).messages.values(), key=lambda message: str(message["ts"]))
        roots = [message for message in messages if message.get("thread_ts", message["ts"]) == message["ts"]]
        parts = [_root(workspace, channel, root, messages) for root in roots]
    inside = "".join(parts) or "<article>Nobody has written here yet.</article>"
    return f'{CSS}<section class="slack"><header># general</header>{inside}</section>'


def _root(workspace: Workspace, channel: str, root: JSON, messages: list[JSON]) -> str:
    replies = [message for message in messages if message.get("thread_ts") == root["ts"] and message is not root]
    shown = _message(workspace, channel, root)
    if not replies:
        return shown
    count = "1 reply" if len(replies) == 1 else f"{len(replies)} replies"
    return f'{shown}<div class="thread"><p>{count}</p>{"".join(_message(workspace, channel, m) for m in replies)}</div>'


def _message(workspace: Workspace, channel: str, message: JSON) -> str:
    user = str(message.get("user", ""))
    name = NAMES.get(user, user)
    is_bot = "bot_id" in message
    text = unescape(str(message.get("text", ""))).replace(f"<@{BOT_USER}>", "@captionbot")
    files = "".join(_file(workspace, file["id"]) for file in message.get("files", []))
    return (
        f'<article class="{"bot" if is_bot else "person"}"><span class="face" aria-hidden="true">{name[:1].upper()}'
        f'</span><div><span class="who">{words(name)}</span> {"<span class=app>APP</span> " if is_bot else ""}'
        f"<time>{clock(float(message['ts']))}</time><div>{words(text)}</div>{files}"
        f"{_reactions(workspace, channel, message['ts'])}</div></article>"
    )


def _file(workspace: Workspace, id_: str) -> str:
    file = workspace.files[id_]
    name = f'<span class="name">{words(file.info["name"])}</span>'
    shown = next((rendition.data for rendition in file.renditions if rendition.name == "thumb_360"), None)
    return name + (picture(shown, file.info["name"]) if shown else "")


def _reactions(workspace: Workspace, channel: str, ts: str) -> str:
    there: dict[str, None] = {}
    for reaction in workspace.reactions:
        if (reaction.channel, reaction.ts) == (channel, ts):
            if reaction.verb == "add":
                there[reaction.name] = None
            else:
                there.pop(reaction.name, None)
    return " ".join(f'<span class="reaction">{EMOJI.get(name, words(name))} 1</span>' for name in there)
