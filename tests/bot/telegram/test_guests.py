"""Guest mode: somebody calls the bot in a chat where it is no member, and it answers there."""

import pytest

from bot import messages
from bot.errors import TryAgain
from bot.settings import BotSettings
from bot.telegram import app as telegram
from bot.telegram.updates import is_for_us
from tests.bot.conftest import make_photo
from tests.bot.telegram.scenario import PHOTO, TelegramBot, running
from tests.sandbox.endpoint import CaptionEndpoint, Failure, sentence_of
from tests.sandbox.telegram import TelegramSandbox
from tests.sandbox.telegram_faults import Fault
from tests.sandbox.telegram_people import ADA
from tests.sandbox.telegram_world import Json


def answer_to(sandbox: TelegramSandbox, message: Json) -> str | None:
    answer = sandbox.world.guest_answers.get(message["guest_query_id"])
    return answer.text if answer else None


@pytest.mark.parametrize("kind", ["supergroup", "private"])
async def test_a_photo_is_described_where_the_bot_is_no_member(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint, kind: str
) -> None:
    chat = sandbox.elsewhere(kind)  # type: ignore[arg-type]  # (a parameter of the test)
    photo = sandbox.people.place(chat, sandbox.people.photo(PHOTO))
    message = sandbox.summon(chat, "what is this?", reply_to=photo)
    await bot.work()
    assert answer_to(sandbox, message) == sentence_of(endpoint.seen[0].image)
    assert not sandbox.world.sent
    assert "sendMessage" not in [call.method for call in sandbox.world.calls]


async def test_a_photo_that_calls_the_bot_itself_is_described(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    message = sandbox.summon(sandbox.elsewhere(), photo=PHOTO)
    await bot.work()
    assert "photo like" in str(answer_to(sandbox, message))


async def test_what_moves_is_told_by_its_cover_and_what_is_hidden_stays_hidden(
    sandbox: TelegramSandbox, bot: TelegramBot
) -> None:
    chat = sandbox.elsewhere()
    video = sandbox.people.place(chat, sandbox.people.media("video", thumbnail=make_photo(320, 240), spoiler=True))
    message = sandbox.summon(chat, reply_to=video)
    await bot.work()
    answer = sandbox.world.guest_answers[message["guest_query_id"]]
    assert answer.text.startswith("A video; its cover shows")
    assert answer.hidden == (answer.text,)


async def test_calling_without_a_photo_explains_how(sandbox: TelegramSandbox, bot: TelegramBot) -> None:
    message = sandbox.summon(sandbox.elsewhere(), "hello?")
    await bot.work()
    assert answer_to(sandbox, message) == messages.GUEST_HELP


@pytest.mark.parametrize(("allowed", "answered"), [("the chat", True), ("the person", True), ("1", False)])
async def test_only_those_who_were_let_in_are_served(
    settings: BotSettings, sandbox: TelegramSandbox, allowed: str, answered: bool
) -> None:
    chat = sandbox.elsewhere()
    message = sandbox.summon(chat, photo=PHOTO)
    place = {"the chat": str(chat.id), "the person": str(ADA["id"])}.get(allowed, allowed)
    async with running(settings, sandbox, allowed_telegram_chats=frozenset({place})) as bot:
        await bot.work()
    assert bool(answer_to(sandbox, message)) is answered


async def test_a_query_that_is_too_old_is_done_with(
    sandbox: TelegramSandbox, bot: TelegramBot, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.summon(sandbox.elsewhere(), photo=PHOTO)
    sandbox.world.guest_queries.clear()
    await bot.work()
    assert not sandbox.world.guest_answers
    assert any("takes no answer" in line for line in caplog.messages)


@pytest.mark.parametrize("fault", [Fault("answerGuestQuery", status=502), Fault("answerGuestQuery", reset=True)])
async def test_a_passing_failure_is_handed_back(sandbox: TelegramSandbox, bot: TelegramBot, fault: Fault) -> None:
    message = sandbox.summon(sandbox.elsewhere(), photo=PHOTO)
    sandbox.faults.add(fault)
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    await telegram.dispatch(bot.app, sandbox.updates[0])
    assert "photo like" in str(answer_to(sandbox, message))


async def test_an_apology_is_the_answer_then(
    sandbox: TelegramSandbox, bot: TelegramBot, endpoint: CaptionEndpoint
) -> None:
    endpoint.failures = [Failure(500)]
    message = sandbox.summon(sandbox.elsewhere(), photo=PHOTO)
    with pytest.raises(TryAgain):
        await telegram.dispatch(bot.app, sandbox.updates[0])
    await telegram.apologise(bot.app, sandbox.updates[0], messages.APOLOGY)
    assert answer_to(sandbox, message) == messages.APOLOGY


def test_other_bots_and_queries_without_an_id_are_not_for_us(sandbox: TelegramSandbox) -> None:
    sandbox.summon(sandbox.elsewhere(), photo=PHOTO)
    [update] = sandbox.updates
    assert is_for_us(update)
    robot = {**update["guest_message"], "from": {**ADA, "is_bot": True}}
    assert not is_for_us({**update, "guest_message": robot})
    nameless = {name: value for name, value in update["guest_message"].items() if name != "guest_query_id"}
    assert not is_for_us({**update, "guest_message": nameless})
