"""Claims in DynamoDB: done once, whoever comes, and given back by whoever fails or dies."""

import time
import uuid

import pytest
from botocore.client import BaseClient

from bot.errors import TryAgain
from tests.sandbox.aws import TABLE, AwsSandbox
from webhooks.aws.claims import Claims, InWork


class Invocation:
    """As much of Lambda's context as a claim needs."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(1000 * (self._end - time.monotonic())))


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def claims(dynamodb: BaseClient, seconds: float = 60, table: str = TABLE) -> Claims:
    """The claims as one instance of the worker has them, in an invocation that may last so long."""
    opened = Claims(table, dynamodb)
    opened.invoked(Invocation(seconds))
    return opened


def fail() -> None:
    raise RuntimeError("not yet")


def test_what_was_done_is_not_done_again_by_anybody(aws: AwsSandbox, key: str) -> None:
    done: list[int] = []
    for number in range(3):
        claims(aws.dynamodb).once(key, lambda number=number: done.append(number))  # type: ignore[misc]  # (mypy can't infer a lambda's default)
    assert done == [0]


def test_who_fails_gives_the_claim_back(aws: AwsSandbox, key: str) -> None:
    with pytest.raises(RuntimeError, match="not yet"):
        claims(aws.dynamodb).once(key, fail)
    done: list[int] = []
    claims(aws.dynamodb).once(key, lambda: done.append(1))
    assert done == [1]


def test_who_comes_while_somebody_is_at_it_is_told_so(aws: AwsSandbox, key: str) -> None:
    def meanwhile() -> None:
        with pytest.raises(InWork):
            claims(aws.dynamodb).once(key, fail)

    claims(aws.dynamodb).once(key, meanwhile)


def test_a_claim_ends_with_the_invocation_of_who_died(aws: AwsSandbox, key: str) -> None:
    def outlive() -> None:
        time.sleep(0.2)
        claims(aws.dynamodb).once(key, lambda: done.append(1))

    done: list[int] = []
    claims(aws.dynamodb, seconds=0.1).once(key, outlive)
    assert done == [1]


def test_a_table_that_is_away_is_a_reason_to_try_again(aws: AwsSandbox, key: str) -> None:
    done: list[int] = []
    with pytest.raises(TryAgain):
        claims(aws.dynamodb, table="nowhere").once(key, lambda: done.append(1))
    assert done == []


def test_what_was_done_stays_done_when_it_cannot_be_noted(aws: AwsSandbox, key: str) -> None:
    table = f"short-lived-{key}"
    aws.create_table(table)
    claims(aws.dynamodb, table=table).once(key, lambda: aws.dynamodb.delete_table(TableName=table))
