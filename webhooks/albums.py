"""Albums on AWS: their photos wait in one item of the claims table until no more of them come.

Telegram marks no end of an album. Each photo that arrives is kept, and a reminder is sent that comes back after the
quiet period: the reminder of the photo that was kept last takes all that are there, and there is one reply for them. A
straggler's reminder finds only the straggler.

The item has a text for each photo that waits, `true` for one that was taken, and a list for each job that is not
answered.
"""

import json
import time
from dataclasses import asdict
from typing import Any

from bot.errors import TryAgain
from webhooks.inbox import DAY, Event
from webhooks.sqs import Gather

PART, JOB = "part ", "job "
TRIES = 5

Item = dict[str, dict[str, Any]]


class Albums:
    """The items of the albums. The methods block, and raise what boto3 raises."""

    def __init__(self, table: str, dynamodb: Any) -> None:  # noqa: ANN401 (boto3 makes its clients' classes as it goes)
        self._table = table
        self._dynamodb = dynamodb

    def keep(self, event: Event) -> None:
        """Keep a photo, unless it is there or was taken already."""
        letter = json.dumps({"arrived": time.time(), **asdict(event)})
        self._update(
            str(event.album),
            "SET #part = if_not_exists(#part, :letter), expiration = :day",
            {"#part": PART + event.id},
            {":letter": {"S": letter}, ":day": {"N": str(int(time.time() + DAY))}},
        )

    def take(self, gather: Gather) -> list[Event]:
        """Take the photos that this reminder has to see to: the same ones each time, until they are `answered`.

        None when they were taken with another reminder, or when a later photo's reminder is still to come.
        """
        for _ in range(TRIES):
            item = self._item(gather.album)
            if job := item.get(JOB + gather.part):
                return [Event(**letter) for letter in json.loads(job["S"])]
            letters = _waiting(item)
            if not letters or letters[-1]["id"] != gather.part:
                return []
            if self._taken(gather, letters):
                return [Event(**letter) for letter in letters]
        raise TryAgain("many photos of an album arrive at once")

    def answered(self, gather: Gather) -> None:
        """Forget what the photos of a job said."""
        self._update(gather.album, "REMOVE #job", {"#job": JOB + gather.part}, {})

    def _taken(self, gather: Gather, letters: list[dict[str, Any]]) -> bool:
        """Make a job of these photos, all or none; whether they were still there."""
        names = {f"#part{number}": PART + letter["id"] for number, letter in enumerate(letters)}
        try:
            self._update(
                gather.album,
                "SET #job = :letters, " + ", ".join(f"{name} = :taken" for name in names),
                names | {"#job": JOB + gather.part},
                {":letters": {"S": json.dumps(letters)}, ":taken": {"BOOL": True}, ":text": {"S": "S"}},
                " AND ".join(f"attribute_type({name}, :text)" for name in names),
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _item(self, album: str) -> Item:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(album), ConsistentRead=True)
        item: Item = answer.get("Item", {})
        return item

    def _update(
        self, album: str, update: str, names: dict[str, str], values: dict[str, dict[str, Any]], condition: str = ""
    ) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(album),
            UpdateExpression=update,
            ExpressionAttributeNames=names,
            **({"ExpressionAttributeValues": values} if values else {}),
            **({"ConditionExpression": condition} if condition else {}),
        )


def _key(album: str) -> dict[str, dict[str, str]]:
    return {"id": {"S": f"album {album}"}}


def _waiting(item: Item) -> list[dict[str, Any]]:
    """Read the photos that nobody took, the one that was kept last in the end."""
    texts = [value["S"] for name, value in item.items() if name.startswith(PART) and "S" in value]
    letters = sorted((json.loads(text) for text in texts), key=lambda letter: (letter["arrived"], letter["id"]))
    return [{name: value for name, value in letter.items() if name != "arrived"} for letter in letters]
