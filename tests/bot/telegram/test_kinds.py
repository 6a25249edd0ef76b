"""Updates of every kind and with every field that the Bot API documents (and python-telegram-bot types): no crash."""

import asyncio
import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
import telegram
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.settings import BotSettings
from bot.telegram import app as bot_app
from bot.telegram.updates import ALLOWED_UPDATES, album_of, chat_id, event_id, is_for_us
from tests.bot.telegram.scenario import TelegramBot, running
from tests.sandbox.endpoint import CaptionEndpoint
from tests.sandbox.telegram import TelegramSandbox

DEPTH = 3
CHATS = count(10**9)
WORDS = st.sampled_from(["", "/start", "/caption@captions_sandbox_bot", "@captions_sandbox_bot 🐈", "a cat"]) | st.text(
    max_size=12
)
MIME = st.sampled_from(["image/jpeg", "image/png", "application/pdf", "video/mp4", "application/octet-stream", ""])
BY_NAME: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    # Never the same chat twice: groups are written to twenty times a minute.
    ("Chat", "id"): st.sampled_from([1, -1]).map(lambda sign: sign * next(CHATS)),
    ("Chat", "type"): st.sampled_from(["private", "group", "supergroup", "channel", "sender"]),
    ("Document", "mime_type"): MIME,
    ("MessageEntity", "type"): st.sampled_from([*telegram.MessageEntity.ALL_TYPES, "of tomorrow"]),
    ("MessageEntity", "offset"): st.integers(0, 30),
    ("MessageEntity", "length"): st.integers(0, 30),
}
NAMES = {**vars(telegram), "Sequence": Sequence, "timedelta": timedelta, "datetime": datetime, "Callable": Callable}


# Fields which the constructors demand, although they have a default.
LATER_REQUIRED: dict[type, tuple[str, ...]] = {
    telegram.Poll: ("allows_revoting", "members_only"),
    telegram.PollOption: ("persistent_id",),
    telegram.PollAnswer: ("option_persistent_ids",),
}


def fields_of(cls: type[telegram.TelegramObject]) -> dict[str, tuple[Any, bool]]:
    """The documented fields of a class: its constructor's parameters, each with its type and whether it is required."""
    names = {**vars(inspect.getmodule(cls)), **NAMES}
    constructor = cls.__init__
    hints = get_type_hints(constructor, globalns=names)
    since = LATER_REQUIRED.get(cls, ())
    return {
        name: (hints[name], parameter.default is parameter.empty or name in since)
        for name, parameter in inspect.signature(constructor).parameters.items()
        if name not in ("self", "api_kwargs") and name in hints
    }


def value_of(kind: Any, depth: int) -> st.SearchStrategy[Any]:  # noqa: ANN401 (a type, of any kind)
    """A strategy for values of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if timedelta in arguments:
        return st.integers(0, 10_000)
    if origin in (Union, types.UnionType):
        return st.one_of([value_of(each, depth) for each in arguments if each is not type(None)])
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return st.lists(value_of(arguments[0], depth), max_size=2)
    if kind is datetime:
        return st.integers(1_500_000_000, 1_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
    if isinstance(kind, type) and issubclass(kind, telegram.TelegramObject):
        return objects(kind, depth - 1)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(-(2**52), 2**52),
        float: st.floats(0, 1000),
        timedelta: st.integers(0, 1000).map(lambda seconds: timedelta(seconds=seconds)),
    }
    return plain.get(kind, WORDS)


@st.composite
def objects(draw: st.DrawFn, cls: type[telegram.TelegramObject], depth: int) -> telegram.TelegramObject:
    """An object of a class or of one of its kinds, with any of its fields; at the end, the required ones only."""
    kinds = [
        kind for kind in cls.__subclasses__() if kind.__module__.startswith("telegram.") and kind.__name__ != "ExtBot"
    ]
    if kinds and cls is not telegram.Chat:
        cls = draw(st.sampled_from(kinds))
    fields = fields_of(cls)
    optional = [name for name, (_, required) in fields.items() if not required]
    chosen = draw(st.sets(st.sampled_from(optional), max_size=3)) if optional and depth > 0 else set()
    values = {}
    for name, (kind, required) in fields.items():
        if required or name in chosen:
            values[name] = draw(
                BY_NAME[cls.__name__, name] if (cls.__name__, name) in BY_NAME else value_of(kind, depth)
            )
    return cls(**values)


UPDATE_FIELDS = [name for name, (_, required) in fields_of(telegram.Update).items() if not required]
MESSAGE_FIELDS = [name for name, (_, required) in fields_of(telegram.Message).items() if not required]


class Survivor:
    """A bot with an event loop of its own, for hypothesis runs no coroutines."""

    def __init__(self, runner: asyncio.Runner, bot: TelegramBot) -> None:
        self._runner = runner
        self._bot = bot

    def survive(self, update: dict[str, Any]) -> None:
        is_for_us(update)
        assert album_of(update) is None or isinstance(album_of(update), str)
        assert chat_id(update) is None or isinstance(chat_id(update), int)
        assert event_id(update) == "7"
        self._runner.run(self._dispatch(update))

    async def _dispatch(self, update: dict[str, Any]) -> None:
        await bot_app.dispatch(self._bot.app, update)
        if update.keys() & {"message", "channel_post"}:
            await bot_app.dispatch_album(self._bot.app, [update, update])
        await bot_app.apologise(self._bot.app, update, "I am sorry.")


@pytest.fixture(scope="module")
def survivor() -> Iterator[Survivor]:
    with TelegramSandbox() as sandbox, CaptionEndpoint() as endpoint, asyncio.Runner() as runner:
        context = running(BotSettings(inference_url=endpoint.url), sandbox)
        bot = runner.run(context.__aenter__())
        yield Survivor(runner, bot)
        runner.run(context.__aexit__(None, None, None))


MANY = settings(
    max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def test_every_update_that_is_asked_for_is_one_that_telegram_documents() -> None:
    assert set(ALLOWED_UPDATES) <= set(UPDATE_FIELDS)


@pytest.mark.parametrize("kind", UPDATE_FIELDS)
def test_an_update_of_every_kind_is_survived(survivor: Survivor, kind: str) -> None:
    @MANY
    @given(content=value_of(fields_of(telegram.Update)[kind][0], DEPTH))
    def each(content: telegram.TelegramObject) -> None:
        survivor.survive({"update_id": 7, kind: content.to_dict()})

    each()


@pytest.mark.parametrize("field", MESSAGE_FIELDS)
def test_a_message_with_every_field_is_survived(survivor: Survivor, field: str) -> None:
    hint = fields_of(telegram.Message)[field][0]

    @MANY
    @given(value=value_of(hint, DEPTH), chat=objects(telegram.Chat, 1), text=WORDS)
    def each(value: object, chat: telegram.Chat, text: str) -> None:
        content: dict[str, Any] = {"message_id": 3, "date": datetime.now(UTC), "chat": chat, "text": text, field: value}
        survivor.survive({"update_id": 7, "message": telegram.Message(**content).to_dict()})

    each()
