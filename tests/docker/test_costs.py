"""What the page about AWS says of costs is what was measured, and what was measured leaves nothing out."""

import sys

import pytest

from tests.bench import bill
from tests.bench.photos import answered, calls, standing
from tests.docker.templates import ROOT, TEMPLATE, of_type, resources
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.webhooks.aws.deployment import deployed

PAGE = (ROOT / "docs" / "aws.md").read_text()
PHOTO = bill.Photo(
    caption=bill.Function(1769, 0.1),
    pings=bill.Function(1769, 0.01, 1.0),
    worker=bill.Function(1024, 1.5, 1.0, 2.0),
    door=bill.Function(512, 0.01, 1.0, 0.5),
    requests=3,
    writes=2,
    reads=0,
    log=3000,
    lines=17,
)


def test_the_tables_of_costs_are_the_measured_ones() -> None:
    measured = (ROOT / "BENCHMARKS.md").read_text().partition("## What a month costs")[2].partition("\n## ")[0]
    lines = [line for line in measured.splitlines() if line.startswith("|")]
    assert len(lines) > 20
    assert set(lines) <= set(PAGE.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="Lambda's runtime client is for Linux")
def test_a_photo_takes_the_calls_that_the_page_tells(aws: AwsSandbox) -> None:
    with SlackSandbox() as slack, TelegramSandbox() as telegram, deployed(aws, slack, telegram) as here:
        before = calls(aws, here)
        answered(here)
        called = calls(aws, here) - before
    # An empty queue is asked all the time: that has a line of its own.
    received = called.pop("sqs:ReceiveMessage")
    assert received >= 1
    # Secrets are read at a function's start.
    of_photo = {action: number for action, number in called.items() if action.startswith(("sqs:", "dynamodb:"))}
    once = ("sqs:SendMessage", "sqs:DeleteMessage", "dynamodb:PutItem", "dynamodb:UpdateItem")
    assert of_photo == dict.fromkeys(once, 1)
    assert "| queue | 3.0 requests |" in PAGE
    assert "| table | 2.0 writes, 0.0 reads |" in PAGE


def test_everything_that_is_charged_by_itself_is_counted() -> None:
    there = standing()
    alarms = of_type(resources(TEMPLATE), "AWS::CloudWatch::Alarm")
    # AWS charges for each metric that an alarm looks at.
    assert there.alarms > len(alarms)
    assert there.metrics > 10
    month = bill.amounts(PHOTO, there, 100_000)
    assert {what for taken in month.values() for what in taken} == set(bill.PRICES)


def test_without_photos_there_is_what_stands_there() -> None:
    month = bill.amounts(PHOTO, standing(), 0)
    left = {name for name, taken in month.items() if bill.dollars(taken) > 0}
    assert left == {"queue: asked while it is empty", "alarms", "dashboard", "snapshot", "images"}


def test_what_is_free_is_taken_off_once_for_all_functions_together() -> None:
    function = {"invocation": 800_000.0, "gigabyte-second": 0.0}
    assert bill.with_free_tier({"one": function}) == 0
    both = bill.with_free_tier({"one": function, "other": function})
    assert both == pytest.approx(600_000 * bill.PRICES["invocation"])


@pytest.mark.parametrize("photos", [1, 1_000, 100_000, 10_000_000])
def test_starts_are_as_many_as_photos_at_most_and_become_rare(photos: int) -> None:
    assert 0 < bill.starts(photos, 1.5) <= photos
    assert bill.starts(10_000_000, 1.5) < 10_000_000 / 1000
    assert bill.starts(100, 1.5) > 90
