"""What people do in Telegram, and what arrives in the chat because of it."""

import asyncio
import io

import pytest
from PIL import Image

from bot import messages
from bot.errors import TryAgain
from bot.settings import BotSettings
from bot.telegram import app as telegram
from bot.telegram import replies
from tests.bot.conftest import make_photo
from tests.bot.telegram.scenario import TelegramBot, running
from tests.sandbox.endpoint import CaptionEndpoint, Failure, caption_of
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault

PHOTO = make_photo(1200, 900, quality=60)
OTHER = make_photo(900, 1200, quality=60)


def texts(sandbox: TelegramSandbox) -> list[str]:
    return [sent.text for sent in sandbox.world.sent]


# --- photos ----------------------------------------------------------------------------------------------------------


async def test_a_photo_is_answered_with_its_caption(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [caption_of(endpoint.seen[0].image)]
    assert endpoint.seen[0].request_id == f"telegram-{sandbox.updates[0]['update_id']}"


async def test_only_the_smallest_size_that_covers_the_model_is_downloaded(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    await bot.work()
    small, medium, *_ = photo["photo"]
    assert (small["width"], medium["width"]) == (90, 320)
    assert [download.bytes_sent for download in sandbox.world.downloads] == [medium["file_size"]]
    with Image.open(io.BytesIO(endpoint.seen[0].image)) as seen:
        assert seen.size == (320, 240)


async def test_a_panorama_is_taken_in_a_size_whose_short_side_covers_the_model(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    photo = sandbox.send_photo(sandbox.private(), make_photo(2000, 600))
    await bot.work()
    chosen = next(size for size in photo["photo"] if size["height"] >= 224)
    assert [download.bytes_sent for download in sandbox.world.downloads] == [chosen["file_size"]]
    assert len(sandbox.replies(photo)) == 1


async def test_a_photo_smaller_than_the_model_is_taken_as_large_as_it_is(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    photo = sandbox.send_photo(sandbox.private(), make_photo(150, 100))
    await bot.work()
    assert [download.bytes_sent for download in sandbox.world.downloads] == [photo["photo"][-1]["file_size"]]
    assert len(sandbox.replies(photo)) == 1


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.png", "image/png"), ("IMG_1.HEIC", "application/octet-stream"), ("scan.tiff", None)],
)
async def test_an_image_sent_as_a_file_is_answered(
    sandbox: TelegramSandbox, bot: TelegramBot, name: str, media_type: str | None
) -> None:
    file = sandbox.send_document(sandbox.private(), make_photo(kind="PNG"), name, media_type)
    await bot.work()
    assert [sent.text[:12] for sent in sandbox.replies(file)] == ["a photo like"]


async def test_a_file_that_is_too_large_is_refused_with_both_figures_and_not_fetched(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    file = sandbox.send_document(sandbox.private(), PHOTO, size=8_600_000)
    await bot.work()
    [reply] = sandbox.replies(file)
    assert "8.3 MB" in reply.text
    assert "6 MB" in reply.text
    assert not sandbox.world.downloads
    assert "getFile" not in [call.method for call in sandbox.world.calls]


async def test_a_file_beyond_telegrams_own_limit_names_that_limit(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    file = sandbox.send_document(sandbox.private(), PHOTO, size=26_214_400)
    async with running(settings, sandbox, max_image_bytes=50_000_000) as bot:
        await bot.work()
    [reply] = sandbox.replies(file)
    assert "25 MB" in reply.text
    assert "20 MB" in reply.text


async def test_a_file_that_grows_on_the_way_is_left_at_the_limit(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    sandbox.faults.add(Fault("download", body=b"\xff" * 5_000_000))
    file = sandbox.send_document(sandbox.private(), PHOTO)
    async with running(settings, sandbox, max_image_bytes=1_000_000) as bot:
        await bot.work()
    assert ["I can read up to" in sent.text for sent in sandbox.replies(file)] == [True]


async def test_a_damaged_file_gets_a_sentence(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    file = sandbox.send_document(sandbox.private(), b"\xff\xd8\xff" + b"no photo" * 100)
    await bot.work()
    assert len(sandbox.replies(file)) == 1
    assert "a photo like" not in texts(sandbox)[0]


# --- albums ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_documents", [False, True])
async def test_an_album_gets_one_numbered_reply_to_its_first_photo(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint, as_documents: bool
) -> None:
    album = sandbox.send_album(
        sandbox.private(), [PHOTO, OTHER, PHOTO], "holidays", shuffle=True, as_documents=as_documents
    )
    await bot.work()
    [reply] = sandbox.world.sent
    assert reply.reply_to == album[0]["message_id"]
    first, second, third = reply.text.splitlines()
    assert first.startswith("1. a photo like")
    assert second.startswith("2. a photo like")
    assert third == first.replace("1.", "3.")
    assert first[2:] != second[2:]


async def test_an_album_that_was_delivered_twice_is_not_described_twice(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, OTHER])
    await telegram.dispatch_album(bot.app, [*sandbox.updates, *sandbox.updates])
    assert [len(text.splitlines()) for text in texts(sandbox)] == [2]


async def test_a_photo_that_comes_after_its_album_was_answered_gets_its_own_reply(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    album = sandbox.send_album(sandbox.private(), [PHOTO, OTHER, PHOTO], late={2: 0.3})
    await bot.work()
    await asyncio.to_thread(sandbox.wait_until, lambda: len(sandbox.updates) == 3)
    await bot.work()
    assert [sent.reply_to for sent in sandbox.world.sent] == [album[0]["message_id"], album[2]["message_id"]]
    assert not texts(sandbox)[1].startswith("1.")


async def test_one_bad_photo_of_an_album_does_not_spoil_the_others(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, b"no photo", OTHER], as_documents=True)
    await bot.work()
    lines = texts(sandbox)[0].splitlines()
    assert ["a photo like" in line for line in lines] == [True, False, True]


async def test_a_video_in_an_album_is_mentioned_once(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    sandbox.send_album(sandbox.private(), [PHOTO, OTHER], also=[sandbox.people.media("video")])
    await bot.work()
    [text] = texts(sandbox)
    assert text.splitlines()[2] == messages.LEFT_OUT


# --- groups ----------------------------------------------------------------------------------------------------------


async def test_a_photo_in_a_topic_is_answered_in_that_topic(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.group(topics={7: "Birds"}), PHOTO, thread=7)
    await bot.work()
    assert [sent.thread for sent in sandbox.replies(photo)] == [7]
    assert {thread for _, _, thread in sandbox.world.actions} == {7}


async def test_a_photo_in_a_chain_of_replies_is_answered_though_it_has_a_thread_id(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    group = sandbox.group()
    question = sandbox.say(group, "Where were you?")
    photo = sandbox.send_photo(group, PHOTO, reply_to=question)
    assert photo["message_thread_id"] == question["message_id"]
    await bot.work()
    assert len(sandbox.replies(photo)) == 1


@pytest.mark.parametrize("words", ["/caption", "/caption@captions_sandbox_bot", "@captions_sandbox_bot what is it?"])
async def test_asking_in_reply_to_somebodys_photo_describes_that_photo(
    settings: BotSettings, sandbox: TelegramSandbox, words: str
) -> None:
    group = sandbox.group()
    photo = sandbox.send_photo(group, PHOTO)
    sandbox.say(group, words, reply_to=photo)
    async with running(settings, sandbox, reply_in_groups="mentioned") as bot:
        await bot.work()
    assert [sent.text[:12] for sent in sandbox.replies(photo)] == ["a photo like"]
    assert len(sandbox.world.sent) == 1


async def test_asking_without_a_photo_explains_how(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    asked = [sandbox.say(group, "/caption"), sandbox.mention(group, "hello?")]
    await bot.work()
    assert [sent.text for message in asked for sent in sandbox.replies(message)] == [messages.REPLY_TO_A_PHOTO] * 2


async def test_what_is_meant_for_others_stays_unanswered(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    sandbox.say(group, "good morning")
    sandbox.say(group, "/caption@another_bot")
    sandbox.say(group, "@somebody look")
    for kind in ("video", "sticker", "animation", "voice"):
        sandbox.send(group, kind)
    sandbox.send_document(group, b"%PDF", "minutes.pdf", "application/pdf")
    sandbox.send_photo(
        group, PHOTO, sender={"id": 9, "is_bot": True, "first_name": "Another", "username": "another_bot"}
    )
    await bot.work()
    assert not sandbox.world.sent


async def test_a_group_that_wants_peace_hears_the_bot_only_when_it_calls(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    group = sandbox.group()
    quiet = sandbox.send_photo(group, PHOTO)
    called = sandbox.send_photo(group, PHOTO, "what is this, @Captions_Sandbox_Bot?")
    album = sandbox.send_album(group, [PHOTO, OTHER], "/caption")
    async with running(settings, sandbox, reply_in_groups="mentioned") as bot:
        await bot.work()
        answer = sandbox.replies(called)[0]
        ours = {"message_id": answer.message_id, "from": sandbox.world.bot, "chat": group.as_json(), "date": 0}
        replying = sandbox.send_photo(group, PHOTO, reply_to=ours)
        await bot.work()
    assert not sandbox.replies(quiet)
    assert [len(sandbox.replies(message)) for message in (called, album[0], replying)] == [1, 1, 1]


async def test_a_channel_is_answered_only_when_it_was_let_in_by_name(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    news, gallery = sandbox.channel("News"), sandbox.channel("Gallery")
    for channel in (news, gallery):
        sandbox.send_photo(channel, PHOTO)
    async with running(settings, sandbox) as bot:
        await bot.work()
    assert not sandbox.world.sent
    async with running(settings, sandbox, allowed_telegram_chats=frozenset({str(gallery.id)})) as bot:
        await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [gallery.id]


# --- manners ---------------------------------------------------------------------------------------------------------


async def test_a_chat_that_is_not_let_in_is_told_so_in_private_only(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    ada, group = sandbox.private(), sandbox.group()
    photo = sandbox.send_photo(ada, PHOTO)
    sandbox.send_photo(group, PHOTO)
    sandbox.say(group, "/caption")
    async with running(settings, sandbox, allowed_telegram_chats=frozenset({"1"})) as bot:
        await bot.work()
    [reply] = sandbox.world.sent
    assert reply.reply_to == photo["message_id"]
    assert f"adding {ada.id} to ALLOWED_TELEGRAM_CHATS" in reply.text


async def test_somebody_who_sends_too_many_photos_is_told_when_to_come_back(
    settings: BotSettings, sandbox: TelegramSandbox
) -> None:
    ada, grace = sandbox.private("Ada"), sandbox.private("Grace")
    for chat in (ada, ada, ada, grace):
        sandbox.send_photo(chat, PHOTO)
    async with running(settings, sandbox, photos_per_minute=2) as bot:
        await bot.work()
    assert ["up to 2 photos a minute" in sent.text for sent in sandbox.sent(ada)] == [False, False, True]
    assert [sent.text[:12] for sent in sandbox.sent(grace)] == ["a photo like"]


# --- everything but photos -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["video", "animation", "sticker", "voice", "audio", "video_note"])
async def test_what_is_no_photo_gets_a_polite_sentence_in_private(
    sandbox: TelegramSandbox, bot: TelegramBot, kind: str
) -> None:
    message = sandbox.send(sandbox.private(), kind)
    await bot.work()
    assert ["photos only" in sent.text for sent in sandbox.replies(message)] == [True]


async def test_a_file_that_is_no_image_gets_a_polite_sentence_in_private(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    message = sandbox.send_document(sandbox.private(), b"%PDF", "minutes.pdf", "application/pdf")
    await bot.work()
    assert [sent.text for sent in sandbox.replies(message)] == [messages.only_photos("a file that is no image")]


@pytest.mark.parametrize(
    ("words", "answer"), [("/start", messages.HELLO), ("/help", messages.HELP), ("hi", messages.HELP)]
)
async def test_somebody_who_asks_is_told_what_the_bot_does(
    sandbox: TelegramSandbox, bot: TelegramBot, words: str, answer: str
) -> None:
    message = sandbox.say(sandbox.private(), words)
    await bot.work()
    assert [sent.text for sent in sandbox.replies(message)] == [answer]


async def test_an_edited_message_is_not_answered_again(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.edit(photo, "my cat")
    await bot.work()
    await telegram.dispatch(bot.app, sandbox.updates[1])
    assert len(sandbox.world.sent) == 1


async def test_starting_the_bot_or_taking_it_into_a_group_warms_the_model(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    sandbox.say(sandbox.private(), "/start")
    await bot.work()
    await asyncio.to_thread(sandbox.wait_until, lambda: endpoint.pings == 1)
    sandbox.bot_becomes(sandbox.group(), "member")
    await bot.work()
    await asyncio.to_thread(sandbox.wait_until, lambda: endpoint.pings == 2)


async def test_leaving_a_group_warms_nothing(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    sandbox.bot_becomes(sandbox.group(), "kicked", before="member")
    await telegram.dispatch(bot.app, sandbox.updates[0])
    await asyncio.sleep(0)
    assert endpoint.pings == 0


# --- when things go wrong --------------------------------------------------------------------------------------------


async def test_the_person_sees_that_the_bot_is_typing(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    sandbox.send_photo(chat, PHOTO)
    await bot.work()
    assert sandbox.world.actions == [(chat.id, "typing", None)]


async def test_typing_is_shown_for_as_long_as_the_caption_takes(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "TYPING_EVERY", 0.02)
    endpoint.pause = 1.0
    sandbox.send_photo(sandbox.private(), PHOTO)
    await bot.work()
    seen = len(sandbox.world.actions)
    assert seen > 3
    sandbox.send(sandbox.private(), "sticker")
    await bot.work()
    assert len(sandbox.world.actions) == seen


async def test_a_failing_typing_action_does_not_stop_the_answer(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    with sandbox.faults.lasting(Fault("sendChatAction", status=500)):
        await bot.work()
    assert len(sandbox.replies(photo)) == 1


async def test_a_photo_that_was_deleted_meanwhile_is_answered_without_a_reference(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    sandbox.delete(sandbox.send_photo(sandbox.private(), PHOTO))
    await bot.work()
    assert [sent.reply_to for sent in sandbox.world.sent] == [None]


async def test_a_person_who_blocked_the_bot_is_let_alone(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    chat = sandbox.private()
    sandbox.send_photo(chat, PHOTO)
    chat.closed_to_bot = True
    await bot.work()
    assert not sandbox.world.sent


async def test_a_group_where_the_bot_may_not_write_is_let_alone(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    group = sandbox.group()
    sandbox.send_photo(group, PHOTO)
    group.bot_may_write = False
    await bot.work()
    assert not sandbox.world.sent


async def test_a_group_that_became_a_supergroup_is_answered_there(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    old, new = sandbox.group(kind="group"), sandbox.group()
    sandbox.send_photo(old, PHOTO)
    old.migrated_to = new.id
    await bot.work()
    assert [sent.chat for sent in sandbox.world.sent] == [new.id]


async def test_telegram_asking_for_patience_is_obeyed(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(Fault("sendMessage", status=429, retry_after=1))
    await bot.work()
    assert len(sandbox.replies(photo)) == 1
    first, second = [call.at for call in sandbox.world.calls if call.method == "sendMessage"]
    assert second - first >= 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("getMe", status=502),
        Fault("getMe", reset=True),
        Fault("getFile", status=500),
        Fault("getFile", reset=True),
        Fault("getFile", status=400, description="Bad Request: wrong file_id or the file is temporarily unavailable"),
        Fault("download", status=404),
        Fault("download", status=502),
        Fault("download", reset=True),
        Fault("sendMessage", status=502),
        Fault("sendMessage", reset=True),
    ],
    ids=lambda fault: f"{fault.where} {fault.status or 'reset'}",
)
async def test_a_passing_failure_is_handed_back_and_answered_the_next_time(
    sandbox: TelegramSandbox, bot: TelegramBot, fault: Fault
) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.faults.add(fault)
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    assert not sandbox.world.sent
    await telegram.dispatch(bot.app, sandbox.updates[0])
    assert len(sandbox.replies(photo)) == 1


async def test_an_endpoint_that_is_down_is_handed_back(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    sandbox.send_photo(sandbox.private(), PHOTO)
    endpoint.failures.append(Failure(500))
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    assert not sandbox.world.sent


async def test_a_file_that_telegram_no_longer_knows_gets_a_sentence(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.world.files.clear()
    await bot.work()
    assert [sent.text for sent in sandbox.replies(photo)] == [messages.NOT_FETCHED]


async def test_a_very_long_answer_is_cut_at_telegrams_limit(settings: BotSettings, sandbox: TelegramSandbox) -> None:
    sandbox.send_photo(sandbox.private(), PHOTO)
    async with running(settings, sandbox) as bot:
        await telegram.apologise(bot.app, sandbox.updates[0], "x" * 5000)
    assert [len(text) for text in texts(sandbox)] == [4096]


async def test_an_apology_goes_where_an_answer_would_have_gone(settings: BotSettings, sandbox: TelegramSandbox) -> None:
    group = sandbox.group(topics={7: "Birds"})
    sandbox.send_photo(group, PHOTO, thread=7)
    asked = sandbox.say(group, "/caption", thread=7)
    photo = sandbox.send_photo(sandbox.private(), PHOTO)
    sandbox.bot_becomes(group, "member")
    async with running(settings, sandbox, reply_in_groups="mentioned") as bot:
        for update in sandbox.updates:
            await telegram.apologise(bot.app, update, messages.APOLOGY)
    assert [(sent.reply_to, sent.thread) for sent in sandbox.world.sent] == [
        (asked["message_id"], 7),
        (photo["message_id"], None),
    ]


async def test_many_photos_at_once_are_each_answered_once(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    photos = [sandbox.send_photo(sandbox.private(str(number)), make_photo(320, 240)) for number in range(20)]
    await asyncio.gather(*(telegram.dispatch(bot.app, update) for update in sandbox.updates))
    assert [len(sandbox.replies(photo)) for photo in photos] == [1] * 20
    assert [call.method for call in sandbox.world.calls].count("getMe") == 1
