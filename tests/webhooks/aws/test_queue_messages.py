"""What the messages of the queue say, and what is not one of ours."""

import pytest

from webhooks.aws.queue_messages import Gather, QueueMessage, Unreadable, Wake, read, write
from webhooks.inbox import Event


@pytest.mark.parametrize(
    "message",
    [
        Event("slack-Ev1", "slack", "slack-C1", None, {"text": "half of a pair: \ud83d", "null": "\0"}),
        Gather("5:1", "telegram-5", "telegram-7"),
        Wake("telegram-5", "telegram-7"),
    ],
)
def test_a_message_is_read_as_it_was_written_and_sqs_takes_every_character(message: QueueMessage) -> None:
    body = write(message)
    assert read(body) == message
    assert body.isascii()
    assert body.isprintable()


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[]", "{}", "1", '{"Event": 1}', '{"Event": {}}', '{"A": {}, "B": {}}']
)
def test_what_is_not_ours_is_told(body: str) -> None:
    with pytest.raises(Unreadable):
        read(body)
