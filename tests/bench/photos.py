"""What a photo takes of everything on AWS: calls and bytes counted, seconds measured, beside miniatures of it all."""

import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from common.metrics import Table
from inference.metrics import METRICS as CAPTIONER
from tests.bench.bill import Function, Photo, Standing
from tests.docker.templates import ROOT, TEMPLATE, of_type, parameters, resources
from tests.sandbox.aws import AwsSandbox, key_of
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.webhooks.aws.deployment import Deployment, deployed
from webhooks.metrics import METRICS as WEBHOOKS

PHOTO = min((ROOT / "common" / "samples").glob("*.jpg"))
PHOTOS = 20
GENERAL = "C0GENERAL"
PATIENCE = 60.0  # seconds
PLATFORM_SECONDS = 1.5  # that the worker waits for Slack or Telegram; an assumption
# What stands for a metric that is counted by something: functions, platforms, and reasons of a refusal (an assumption).
KINDS = {"Function": 4, "Platform": 2, "Reason": 2}
IMAGES = 1.0  # gigabytes in ECR, the base images' included; versions share most of it


def photo(caption: float) -> Photo:
    """Measure what a photo takes, over photos that come one after the other; `caption` is the captioner's seconds."""
    found = resources(TEMPLATE)
    with (
        tempfile.TemporaryDirectory() as folder,
        AwsSandbox(Path(folder)) as aws,
        SlackSandbox() as slack,
        TelegramSandbox() as telegram,
        deployed(aws, slack, telegram) as here,
    ):
        # The first one starts the functions; with the second one their connections are open.
        for _ in range(2):
            answered(here)
        functions = (here.inference, here.worker, here.slack_door)
        begun = [len(function.durations) for function in functions]
        before, written = calls(aws, here), len(aws.log.read_bytes())
        for _ in range(PHOTOS):
            answered(here)
        called = calls(aws, here) - before
        log = aws.log.read_bytes()[written:]
        asked, worked, received = (function.durations[start:] for function, start in zip(functions, begun, strict=True))
    writes = sum(called[f"dynamodb:{action}Item"] for action in ("Put", "Update", "Delete"))
    # The miniature asks an empty queue many times a second; each message is received once.
    sent = sum(called[f"sqs:{action}"] for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility"))
    memory = parameters(TEMPLATE)["CaptionerMemory"]["Default"]
    pings = sorted(asked)[:-PHOTOS]
    return Photo(
        caption=Function(memory, caption),
        pings=Function(memory, statistics.median(pings) if pings else 0.0, len(pings) / PHOTOS),
        worker=Function(
            found["Worker"]["Properties"]["MemorySize"],
            statistics.median(worked) + PLATFORM_SECONDS,
            len(worked) / PHOTOS,
            statistics.median(here.worker.starts),
        ),
        door=Function(
            found["SlackDoor"]["Properties"]["MemorySize"],
            statistics.median(received),
            len(received) / PHOTOS,
            statistics.median(here.slack_door.starts),
        ),
        requests=sent / PHOTOS + 1,
        writes=writes / PHOTOS,
        reads=called["dynamodb:GetItem"] / PHOTOS,
        log=len(log) / PHOTOS,
        lines=log.count(b"\n") / PHOTOS,
    )


def calls(aws: AwsSandbox, here: Deployment) -> Counter[str]:
    """What the functions have called so far, Lambda in the worker's name included."""
    return aws.calls(key_of(here.worker.handler)) + aws.calls(key_of(here.slack_door.handler))


def answered(here: Deployment) -> None:
    """Send a photo, and wait until all is done about it."""
    sent = here.slack.upload(GENERAL, [PHOTO.read_bytes()])
    end = time.monotonic() + PATIENCE
    while not here.slack.replies(sent) or here.waiting():
        if time.monotonic() > end:
            raise TimeoutError("a photo was not answered")
        time.sleep(0.02)


def standing() -> Standing:
    """Count what the template has, and the metrics that the functions' output makes."""
    alarms = of_type(resources(TEMPLATE), "AWS::CloudWatch::Alarm").values()
    tables: list[Table] = [WEBHOOKS, CAPTIONER]
    made = {metric for metrics in tables for several in metrics.values() for metric in several if metric.on_aws}
    return Standing(
        snapshot_memory=parameters(TEMPLATE)["CaptionerMemory"]["Default"],
        alarms=sum(len(alarm["Metrics"]) - 1 if "Metrics" in alarm else 1 for alarm in alarms),
        metrics=sum(KINDS[metric.dimension[0]] if metric.dimension else 1 for metric in made),
        images=IMAGES,
    )
