"""Albums on AWS: their photos wait in one item of the claims table until no more of them come.

Telegram marks no end of an album. The front door keeps each photo and sends a reminder that is received after the quiet
period: the reminder of the photo that was kept last takes all that are there, and there is one reply for them. A
straggler's reminder finds only the straggler.

The item has a text for each photo that waits, `true` for one that was taken, and a list for each job that is not
answered.
"""

import json
import time
from dataclasses import asdict
from typing import Any

from common import aws
from webhooks.aws.queue_messages import Gather
from webhooks.inbox import DAY, Event, InboxError

PART, JOB = "part ", "job "
TRIES = 5

Item = dict[str, dict[str, Any]]


class Albums:
    """The items of the albums. The methods block, and raise InboxError."""

    def __init__(self, table: str) -> None:
        self._table = table

    def keep(self, event: Event) -> bool:
        """Keep a photo, unless it is there or was taken already; whether it is the first of its album."""
        photo = json.dumps({"arrived": time.time(), **asdict(event)})
        before = self._update(
            str(event.album),
            UpdateExpression="SET #part = if_not_exists(#part, :photo), expiration = :day",
            ExpressionAttributeNames={"#part": PART + event.id},
            ExpressionAttributeValues={":photo": {"S": photo}, ":day": {"N": str(int(time.time() + DAY))}},
            ReturnValues="ALL_OLD",
        )
        return not before.get("Attributes")

    def take(self, gather: Gather) -> list[Event]:
        """Take the photos that this reminder has to see to: the same ones each time, until they are `answered`.

        Empty when they were taken with another reminder, or when a later photo's reminder is still to come.
        """
        for _ in range(TRIES):
            item = self._item(gather.album)
            if job := item.get(JOB + gather.part):
                return [Event(**photo) for photo in json.loads(job["S"])]
            photos = _waiting(item)
            if not photos or photos[-1]["id"] != gather.part:
                return []
            if self._taken(gather, photos):
                return [Event(**photo) for photo in photos]
        raise InboxError("many photos of an album arrive at once")

    def answered(self, gather: Gather) -> None:
        """Forget what the photos of a job said."""
        self._update(gather.album, UpdateExpression="REMOVE #job", ExpressionAttributeNames={"#job": JOB + gather.part})

    def _taken(self, gather: Gather, photos: list[dict[str, Any]]) -> bool:
        """Make a job of these photos, all or none; whether they were still there."""
        parts = {f"#part{number}": PART + photo["id"] for number, photo in enumerate(photos)}
        try:
            self._update(
                gather.album,
                UpdateExpression="SET #job = :photos, " + ", ".join(f"{part} = :taken" for part in parts),
                ExpressionAttributeNames=parts | {"#job": JOB + gather.part},
                ExpressionAttributeValues={
                    ":photos": {"S": json.dumps(photos)},
                    ":taken": {"BOOL": True},
                    ":text": {"S": "S"},
                },
                ConditionExpression=" AND ".join(f"attribute_type({part}, :text)" for part in parts),
            )
        except InboxError as error:
            if isinstance(error.__cause__, aws.AwsError) and error.__cause__.code == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _item(self, album: str) -> Item:
        item: Item = self._call("GetItem", Key=_key(album), ConsistentRead=True).get("Item", {})
        return item

    def _update(self, album: str, **update: object) -> dict[str, Any]:
        return self._call("UpdateItem", Key=_key(album), **update)

    def _call(self, action: str, **payload: object) -> dict[str, Any]:
        try:
            return aws.call("dynamodb", action, {"TableName": self._table, **payload})
        except aws.AwsError as error:
            raise InboxError(f"the albums' table failed: {error}") from error


def _key(album: str) -> dict[str, dict[str, str]]:
    return {"id": {"S": f"album {album}"}}


def _waiting(item: Item) -> list[dict[str, Any]]:
    """Read the photos that nobody took, the one that was kept last in the end."""
    texts = [value["S"] for name, value in item.items() if name.startswith(PART) and "S" in value]
    photos = sorted((json.loads(text) for text in texts), key=lambda photo: (photo["arrived"], photo["id"]))
    return [{name: value for name, value in photo.items() if name != "arrived"} for photo in photos]
