"""`captionbot doctor`, the inbox and the clock."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.cli.doctor.conftest import Machine
from webhooks.inbox import Event
from webhooks.local.jobs import Jobs


def event(number: int = 1) -> Event:
    return Event(f"slack-Ev{number}", "slack", "C0GENERAL", None, {"event": {"text": "a private matter"}})


async def test_what_waits_and_for_how_long_is_told(machine: Machine) -> None:
    await machine.mailbox.put(event())
    status, findings = machine.json()
    assert status == 0
    assert findings["inbox"]["text"].startswith("1 waiting, the oldest came ")
    assert findings["Slack events"]["text"].startswith("the latest came ")
    assert findings["Telegram events"]["status"] == "note"


async def test_photos_that_have_waited_long_are_a_failure(machine: Machine) -> None:
    mailbox = machine.mailbox
    await mailbox.put(event())
    mailbox._database.run("UPDATE events SET arrived = arrived - 4000")
    status, findings = machine.json()
    assert status == 1
    assert "the oldest came 1 hour ago" in findings["inbox"]["text"]
    assert "captionbot run" in findings["inbox"]["remedy"]


async def test_dead_letters_are_counted_with_their_latest_reason(machine: Machine) -> None:
    mailbox = machine.mailbox
    jobs = Jobs(mailbox._database, owner=1)
    for number in (1, 2):
        await mailbox.put(event(number))
        [waiting] = jobs.ready()
        job = jobs.take(waiting)
        assert job is not None
        jobs.died(job, f"the endpoint failed: {501 + number}", "Sorry.")
        job = jobs.take(waiting)
        assert job is not None
        jobs.apologised(job)
    status, findings = machine.json()
    assert status == 1
    assert findings["dead letters"]["text"].startswith("2; ")
    assert "the endpoint failed: 503" in findings["dead letters"]["text"]
    assert "captionbot inbox retry --all" in findings["dead letters"]["remedy"]
    assert findings["inbox"]["text"] == "nothing waits"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////no/such/folder/inbox.sqlite", "Check INBOX_URL"),
        ("postgresql://bot:hush@127.0.0.1:9/inbox", "Postgres at 127.0.0.1, port 9, cannot be reached"),
        ("postgresql+psycopg://bot:hush@127.0.0.1:9/inbox", "write postgresql://"),
    ],
)
def test_an_inbox_that_cannot_be_is_told_without_its_password(machine: Machine, url: str, words: str) -> None:
    machine.environment["INBOX_URL"] = url
    status, screen = machine.doctor()
    assert status == 1
    assert words in " ".join(screen.split())
    assert "hush" not in screen


async def test_a_folder_in_which_others_may_write_is_noted(machine: Machine) -> None:
    await machine.mailbox.put(event())
    folder = Path(machine.environment["INBOX_URL"].removeprefix("sqlite:///")).parent
    folder.chmod(0o777)
    status, findings = machine.json()
    assert status == 0
    assert findings["inbox folder"]["status"] == "note"
    assert "chmod go-w" in findings["inbox folder"]["remedy"]


def test_a_clock_that_is_wrong_by_more_than_signatures_last_is_a_failure(machine: Machine) -> None:
    machine.slack.clock = -1000
    status, findings = machine.json()
    assert status == 1
    assert "ahead of" in findings["clock"]["text"]
    assert "timedatectl" in findings["clock"]["remedy"]


def test_a_clock_that_is_wrong_by_a_little_is_noted(machine: Machine) -> None:
    machine.slack.clock = 100
    status, findings = machine.json()
    assert status == 0
    assert findings["clock"]["status"] == "note"
    assert "behind" in findings["clock"]["text"]


@pytest.fixture
def queues(machine: Machine) -> Iterator[tuple[Any, str]]:
    """A client of an SQS that lives here, and the URL of the dead-letter queue behind the machine's inbox."""
    server = ThreadedMotoServer(port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    account = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    sqs = boto3.client("sqs", endpoint_url=address, **account)
    dead = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    inbox = sqs.create_queue(QueueName="inbox", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    machine.environment |= {name.upper(): value for name, value in account.items() if name.startswith("aws")}
    machine.environment |= {"INBOX_URL": inbox, "AWS_REGION": "eu-central-1"}
    try:
        yield sqs, dead
    finally:
        sqs.close()
        server.stop()


def test_a_queue_on_aws_is_counted_with_its_dead_letters(machine: Machine, queues: tuple[Any, str]) -> None:
    sqs, dead = queues
    sqs.send_message(QueueUrl=machine.environment["INBOX_URL"], MessageBody="{}")
    status, findings = machine.json()
    assert status == 0
    assert findings["inbox"]["text"] == "1 waiting, 0 in work"
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    status, findings = machine.json()
    assert status == 1
    assert findings["dead letters"]["text"] == "1 in failed"


def test_a_queue_that_is_not_there_is_told(machine: Machine, queues: tuple[Any, str]) -> None:
    machine.environment["INBOX_URL"] += "-of-somebody-else"
    status, findings = machine.json()
    assert status == 1
    assert "sqs:GetQueueAttributes" in findings["inbox"]["remedy"]
