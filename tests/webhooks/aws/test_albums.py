"""Albums in DynamoDB, when functions die at the wrong moment or two come at once."""

import uuid

import pytest

from tests.sandbox.aws import TABLE, AwsSandbox
from tests.sandbox.lambda_function import REGION
from tests.sandbox.lambda_url import CREDENTIALS
from webhooks.aws.albums import Albums
from webhooks.aws.queue_messages import Gather
from webhooks.inbox import Event, InboxError


@pytest.fixture
def albums(aws: AwsSandbox, monkeypatch: pytest.MonkeyPatch) -> Albums:
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)
    return Albums(TABLE)


@pytest.fixture
def photos() -> list[Event]:
    album = f"5:{uuid.uuid4()}"
    return [
        Event(f"telegram-{uuid.uuid4()}", "telegram", "telegram-5", album, {"update_id": number, "text": "our garden"})
        for number in range(3)
    ]


def reminder(photo: Event) -> Gather:
    return Gather(str(photo.album), photo.chat, photo.id)


def test_the_last_photos_reminder_takes_the_album_and_no_other_does(albums: Albums, photos: list[Event]) -> None:
    assert [albums.keep(photo) for photo in photos] == [True, False, False]
    assert albums.take(reminder(photos[0])) == []
    assert albums.take(reminder(photos[1])) == []
    assert albums.take(reminder(photos[2])) == photos


def test_who_dies_after_taking_them_finds_the_same_photos_again(albums: Albums, photos: list[Event]) -> None:
    for photo in photos[:2]:
        albums.keep(photo)
    assert albums.take(reminder(photos[1])) == photos[:2]
    albums.keep(photos[2])
    assert albums.take(reminder(photos[1])) == photos[:2]
    assert albums.take(reminder(photos[2])) == photos[2:]


def test_a_photo_that_was_taken_is_not_kept_again(albums: Albums, photos: list[Event]) -> None:
    for photo in photos:
        albums.keep(photo)
    albums.take(reminder(photos[2]))
    albums.answered(reminder(photos[2]))
    assert albums.keep(photos[0]) is False
    assert albums.take(reminder(photos[0])) == []


def test_nothing_of_what_was_said_stays_after_the_reply(albums: Albums, photos: list[Event], aws: AwsSandbox) -> None:
    for photo in photos:
        albums.keep(photo)
    albums.take(reminder(photos[2]))
    albums.answered(reminder(photos[2]))
    item = aws.dynamodb.get_item(TableName=TABLE, Key={"id": {"S": f"album {photos[0].album}"}})["Item"]
    assert "garden" not in str(item)
    assert int(item["expiration"]["N"]) > 0


def test_a_table_that_is_away_is_a_reason_to_deliver_again(
    albums: Albums, photos: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(InboxError):
        albums.keep(photos[0])
