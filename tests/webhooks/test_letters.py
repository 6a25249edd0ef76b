"""What the messages of the queue say, and what is not one of ours."""

import pytest

from webhooks.inbox import Event
from webhooks.letters import Gather, Letter, Unreadable, Wake, read, write


@pytest.mark.parametrize(
    "letter",
    [
        Event("slack-Ev1", "slack", "slack-C1", None, {"text": "half of a pair: \ud83d", "null": "\0"}),
        Gather("5:1", "telegram-5", "telegram-7"),
        Wake("telegram-5", "telegram-7"),
    ],
)
def test_a_letter_is_read_as_it_was_written_and_sqs_takes_every_character(letter: Letter) -> None:
    body = write(letter)
    assert read(body) == letter
    assert body.isascii()
    assert body.isprintable()


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[]", "{}", "1", '{"Event": 1}', '{"Event": {}}', '{"A": {}, "B": {}}']
)
def test_what_is_not_ours_is_told(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)
