"""The fake Bot API server refuses what the real one refuses, in its words."""

import json
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from PIL import Image

from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_client import call
from tests.sandbox.telegram_world import TOKEN


@pytest.fixture(scope="module")
def sandbox() -> Iterator[TelegramSandbox]:
    with TelegramSandbox() as telegram:
        yield telegram


def photo(width: int = 1600, height: int = 1200) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_bot_learns_who_it_is(sandbox: TelegramSandbox) -> None:
    me = call(sandbox, "getMe")
    assert me["is_bot"]
    assert me["username"].endswith("bot")


def test_methods_are_found_in_any_case_and_by_get(sandbox: TelegramSandbox) -> None:
    assert httpx.get(f"{sandbox.url}/bot{TOKEN}/GETME").json()["ok"]


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("/bot123456789:AAwrong_token_wrong_token_wrong/getMe", 401, "Unauthorized"),
        ("/botnonsense/getMe", 404, "Not Found"),
        (f"/bot{TOKEN}/getMee", 404, "Not Found: method not found"),
        ("/", 404, "Not Found"),
    ],
)
def test_a_wrong_address_is_refused(sandbox: TelegramSandbox, path: str, status: int, description: str) -> None:
    answer = httpx.get(sandbox.url + path)
    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}


def test_messages_that_telegram_would_refuse_are_refused(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    forum = sandbox.group(topics={7: "Birds"})

    def refused(**arguments: object) -> str:
        status, description = call(sandbox, "sendMessage", **{"chat_id": chat.id, "text": "hello"} | arguments)
        assert status == 400
        return str(description.removeprefix("Bad Request: "))

    assert refused(chat_id="") == "chat_id is empty"
    assert refused(chat_id=42) == "chat not found"
    assert refused(text="") == "message text is empty"
    assert refused(text=" \n") == "message text is empty"
    assert refused(text="x" * 4097) == "message is too long"
    assert refused(parse_mode="BBCode") == "unsupported parse_mode"
    assert (
        refused(parse_mode="HTML", text="<b>a")
        == "can't parse entities: Can't find end tag corresponding to start tag \"b\""
    )
    assert "is reserved" in refused(parse_mode="MarkdownV2", text="A cat.")
    assert refused(message_thread_id=5) == "message thread not found"
    assert refused(chat_id=forum.id, message_thread_id=8) == "message thread not found"
    assert refused(reply_parameters={"message_id": 999}) == "message to be replied not found"
    assert refused(reply_parameters="{") == "can't parse reply parameters JSON object"
    assert sandbox.sent(chat) == []


def test_a_reply_to_a_message_that_is_gone_can_be_sent_without_it(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    reply = {"message_id": 999, "allow_sending_without_reply": True}
    message = call(sandbox, "sendMessage", chat_id=chat.id, text="hello", reply_parameters=reply)
    assert "reply_to_message" not in message


def test_a_form_with_json_inside_is_taken_like_json(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    asked = sandbox.say(chat, "hi")
    form = {
        "chat_id": str(chat.id),
        "text": "hello",
        "reply_parameters": json.dumps({"message_id": asked["message_id"]}),
    }
    httpx.post(f"{sandbox.url}/bot{TOKEN}/sendMessage", data=form).raise_for_status()
    assert [sent.text for sent in sandbox.replies(asked)] == ["hello"]


def test_a_chat_that_is_closed_to_the_bot_says_so(sandbox: TelegramSandbox) -> None:
    blocked, left, old = sandbox.private(), sandbox.group(kind="group"), sandbox.group(kind="group")
    blocked.closed_to_bot = left.closed_to_bot = True
    old.migrated_to = -1009
    assert call(sandbox, "sendMessage", chat_id=blocked.id, text="x") == (403, "Forbidden: bot was blocked by the user")
    assert call(sandbox, "sendChatAction", chat_id=left.id, action="typing")[0] == 403
    answer = httpx.post(f"{sandbox.url}/bot{TOKEN}/sendMessage", json={"chat_id": old.id, "text": "x"}).json()
    assert answer["parameters"] == {"migrate_to_chat_id": -1009}


def test_actions_and_commands_are_checked(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    assert call(sandbox, "sendChatAction", chat_id=chat.id, action="dancing")[0] == 400
    assert call(sandbox, "sendChatAction", chat_id=chat.id, action="typing") is True
    assert call(sandbox, "setMyCommands", commands=[{"command": "Caption!", "description": "x"}])[0] == 400
    assert call(sandbox, "setMyCommands", commands=[{"command": "caption", "description": "Describe"}]) is True


def test_a_photo_comes_in_real_sizes_that_can_be_downloaded(sandbox: TelegramSandbox) -> None:
    message = sandbox.send_photo(sandbox.private(), photo())
    assert [max(size["width"], size["height"]) for size in message["photo"]] == [90, 320, 800, 1280]
    for size in message["photo"]:
        file = call(sandbox, "getFile", file_id=size["file_id"])
        data = httpx.get(f"{sandbox.url}/file/bot{TOKEN}/{file['file_path']}").content
        assert len(data) == size["file_size"]
        assert Image.open(BytesIO(data)).size == (size["width"], size["height"])


def test_a_small_photo_is_not_enlarged(sandbox: TelegramSandbox) -> None:
    message = sandbox.send_photo(sandbox.private(), photo(400, 250))
    assert [size["width"] for size in message["photo"]] == [90, 320, 400]


def test_files_over_twenty_megabytes_are_out_of_reach(sandbox: TelegramSandbox) -> None:
    message = sandbox.send_document(sandbox.private(), photo(), size=25_000_000)
    assert call(sandbox, "getFile", file_id=message["document"]["file_id"]) == (400, "Bad Request: file is too big")
    assert call(sandbox, "getFile", file_id="made-up") == (400, "Bad Request: invalid file_id")


def test_the_file_host_wants_the_token_and_a_known_path(sandbox: TelegramSandbox) -> None:
    assert (
        httpx.get(f"{sandbox.url}/file/bot123456789:AAwrong_token_wrong_token_wrong/photos/file_1.jpg").status_code
        == 401
    )
    assert httpx.get(f"{sandbox.url}/file/bot{TOKEN}/photos/file_0.jpg").status_code == 404


def test_a_channel_s_direct_messages_want_their_topic(sandbox: TelegramSandbox) -> None:
    chat = sandbox.direct_messages(topics={77: "Ada"})
    wanted = (400, "Bad Request: channel direct messages topic must be specified")
    assert call(sandbox, "sendMessage", chat_id=chat.id, text="x") == wanted
    assert call(sandbox, "sendMessage", chat_id=chat.id, text="x", message_thread_id=77) == wanted
    assert call(sandbox, "sendMessage", chat_id=chat.id, text="x", direct_messages_topic_id=78)[0] == 400
    assert call(sandbox, "sendMessage", chat_id=chat.id, text="x", direct_messages_topic_id=77)["text"] == "x"
    assert call(sandbox, "sendMessage", chat_id=sandbox.group().id, text="x", direct_messages_topic_id=77)[0] == 400
    assert call(sandbox, "sendChatAction", chat_id=chat.id, action="typing")[0] == 400


def test_a_spoiler_must_lie_within_the_text(sandbox: TelegramSandbox) -> None:
    chat = sandbox.private()
    spoiler = {"type": "spoiler", "offset": 3, "length": 2}
    call(sandbox, "sendMessage", chat_id=chat.id, text="a 🐈cd", entities=[{**spoiler, "offset": 2}])
    assert sandbox.sent(chat)[0].hidden == ("🐈",)
    assert call(sandbox, "sendMessage", chat_id=chat.id, text="abc", entities=[spoiler])[0] == 400


def test_a_guest_query_is_answered_once_and_that_chat_takes_nothing_else(sandbox: TelegramSandbox) -> None:
    chat = sandbox.elsewhere()
    query = sandbox.summon(chat, "hello?")["guest_query_id"]
    article = {"type": "article", "id": "1", "title": "x", "input_message_content": {"message_text": "hello"}}
    assert call(sandbox, "answerGuestQuery", guest_query_id=query, result={**article, "title": ""})[0] == 400
    query = sandbox.summon(chat, "hello?")["guest_query_id"]
    assert call(sandbox, "answerGuestQuery", guest_query_id=query, result=article) == {
        "inline_message_id": f"inline-{query}"
    }
    assert call(sandbox, "answerGuestQuery", guest_query_id=query, result=article)[0] == 400
    assert call(sandbox, "sendMessage", chat_id=chat.id, text="x") == (400, "Bad Request: chat not found")
