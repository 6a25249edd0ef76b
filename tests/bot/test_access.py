"""Who is answered, when, and how often."""

import re

import msgspec
import pytest

from bot.access import AccessPolicy
from bot.settings import BotSettings


def policy(**settings: object) -> AccessPolicy:
    return AccessPolicy(msgspec.structs.replace(BotSettings(), **settings))


def test_everybody_is_welcome_until_there_is_a_list() -> None:
    assert policy().allows("slack", "T1")
    listed = policy(allowed_slack_teams={"T1", "T2"}, allowed_telegram_chats={"-5"})
    assert listed.allows("slack", "T2")
    assert not listed.allows("slack", "T3")
    assert not listed.allows("telegram", "T1")
    assert listed.allows("telegram", "-5")


def test_who_is_turned_away_learns_what_to_ask_for() -> None:
    sentence = policy().denial("telegram", "-1009")
    assert "-1009" in sentence
    assert "ALLOWED_TELEGRAM_CHATS" in sentence


@pytest.mark.parametrize(
    ("setting", "private", "mentioned", "speaks"),
    [
        ("always", False, False, True),
        ("mentioned", False, False, False),
        ("mentioned", False, True, True),
        ("mentioned", True, False, True),
    ],
)
def test_in_groups_the_bot_speaks_as_it_was_told(setting: str, private: bool, mentioned: bool, speaks: bool) -> None:
    assert policy(reply_in_groups=setting).replies(private=private, mentioned=mentioned) is speaks


async def test_the_thirty_first_photo_in_a_minute_is_told_when_to_come_back() -> None:
    limited = policy()
    for number in range(30):
        assert await limited.too_many("slack", "U1", 1, f"slack-Ev{number}") is None
    sentence = await limited.too_many("slack", "U1", 1, "slack-Ev30")
    assert sentence is not None
    assert "30 photos" in sentence
    wait = re.search(r"in (\d+) s", sentence)
    assert wait is not None
    assert 1 <= int(wait[1]) <= 60


async def test_people_and_platforms_have_limits_of_their_own() -> None:
    limited = policy(photos_per_minute=1)
    assert await limited.too_many("slack", "1", 1, "a") is None
    assert await limited.too_many("slack", "2", 1, "b") is None
    assert await limited.too_many("telegram", "1", 1, "c") is None
    assert await limited.too_many("slack", "1", 1, "d") is not None


async def test_an_album_counts_each_photo() -> None:
    limited = policy(photos_per_minute=10)
    assert await limited.too_many("telegram", "1", 8, "a") is None
    assert await limited.too_many("telegram", "1", 8, "b") is not None
    assert await limited.too_many("telegram", "1", 2, "c") is None


async def test_a_message_with_more_photos_than_a_minute_allows_is_not_shut_out_for_good() -> None:
    assert await policy(photos_per_minute=5).too_many("slack", "1", 9, "a") is None


async def test_an_event_that_is_tried_again_is_counted_once() -> None:
    limited = policy(photos_per_minute=1)
    for _ in range(5):
        assert await limited.too_many("slack", "1", 1, "a") is None
