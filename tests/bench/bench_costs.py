"""What a photo takes of each function on AWS, and what that costs: `python -m tests.bench.bench_costs` prints it.

The functions run in processes of their own beside miniatures of AWS, Slack and Telegram. `report` returns markdown.
"""

import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.bench_lambda import METRICS, OURS, process
from tests.bench.production import PHOTO, production
from tests.bench.share import share_of
from tests.docker.templates import TEMPLATE, parameters, resources
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.lambda_function import LambdaFunction
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox
from tests.webhooks.aws.deployment import Deployment, deployed

MEMORIES = (512, 1024, 1769, 3008)  # megabytes
PROCESSES, PHOTOS = 5, 20
GENERAL = "C0GENERAL"
PATIENCE = 60.0  # seconds
PLATFORM_SECONDS = 1.5  # that the worker waits for Slack or Telegram; an assumption

# Dollars in us-east-1 in 2026, without the free tier: https://aws.amazon.com/lambda/pricing (ARM64), and those of SQS,
# DynamoDB and CloudWatch.
GIGABYTE_SECOND, REQUEST = 0.0000133334, 0.20e-6
REST = 4 * 0.40e-6 + 4 * 0.625e-6 + 3e-6 * 0.50  # four requests to SQS, four writes, three kilobytes of log
FIXED = 7.40  # a month: the captioner's snapshot, the alarms, the images
VOLUMES = (1_000, 100_000, 10_000_000)


def report() -> str:
    """Measure; markdown. Raises OSError where no share of a processor can be given."""
    captions = _captions()
    return "\n".join([*_memories(captions), "", *_month(_photo(), captions)])


def _captions() -> dict[int, float]:
    """Seconds for a caption, by the function's memory and the processor's share that it brings."""
    model = {"CAPTION_MODEL": str(production().exported), **METRICS}
    seconds = {}
    for memory in MEMORIES:
        with share_of(memory) as beginning:
            seconds[memory] = 1e-3 * statistics.median(
                process(OURS, model, beginning)["second"] for _ in range(PROCESSES)
            )
    return seconds


def _memories(captions: dict[int, float]) -> list[str]:
    return [
        "The captioning function at several sizes of memory, which on Lambda bring shares of a processor: the second "
        f"caption of {PROCESSES} fresh processes, median, production shape.",
        "",
        "| memory | caption | dollars for a million |",
        "|--:|--:|--:|",
        *(
            f"| {memory:,} MB | {1e3 * seconds:.0f} ms | {1e6 * _price(memory, seconds):.2f} |"
            for memory, seconds in captions.items()
        ),
    ]


def _photo() -> dict[str, float]:
    """What a photo takes of the other functions, in seconds; medians over photos that come one after the other."""
    with (
        tempfile.TemporaryDirectory() as folder,
        AwsSandbox(Path(folder)) as aws,
        SlackSandbox() as slack,
        TelegramSandbox() as telegram,
        deployed(aws, slack, telegram) as here,
    ):
        for _ in range(PHOTOS):
            _answered(here)
        return {"front door": _typical(here.slack_door), "worker": _typical(here.worker)}


def _answered(here: Deployment) -> None:
    sent = here.slack.upload(GENERAL, [PHOTO.read_bytes()])
    end = time.monotonic() + PATIENCE
    while not here.slack.replies(sent) or here.waiting():
        if time.monotonic() > end:
            raise TimeoutError("a photo was not answered")
        time.sleep(0.02)


def _typical(function: LambdaFunction) -> float:
    """The median of a function's invocations for a photo, which are longer than those that only warm it."""
    return statistics.median(sorted(function.durations)[-PHOTOS:])


def _month(seconds: dict[str, float], captions: dict[int, float]) -> list[str]:
    found = resources(TEMPLATE)
    memory = {
        "front door": found["SlackDoor"]["Properties"]["MemorySize"],
        "worker": found["Worker"]["Properties"]["MemorySize"],
        "captioner": parameters(TEMPLATE)["CaptionerMemory"]["Default"],
    }
    seconds = seconds | {"captioner": captions[memory["captioner"]]}
    waiting = seconds["worker"] + PLATFORM_SECONDS
    each = {
        f"captioner: {1e3 * seconds['captioner']:.0f} ms x {memory['captioner']:,} MB": _price(
            memory["captioner"], seconds["captioner"]
        ),
        f"worker: ({1e3 * seconds['worker']:.0f} + {1e3 * PLATFORM_SECONDS:.0f}) ms x {memory['worker']:,} MB": _price(
            memory["worker"], waiting
        ),
        f"front door: {1e3 * seconds['front door']:.0f} ms x {memory['front door']:,} MB": _price(
            memory["front door"], seconds["front door"]
        ),
        "queue, table, log": REST,
    }
    rows = [(name, [price * volume for volume in VOLUMES]) for name, price in each.items()]
    rows.append(("snapshot, alarms, images", [FIXED] * len(VOLUMES)))
    rows.append(("**together**", [sum(column) for column in zip(*(costs for _, costs in rows), strict=True)]))
    return [
        f"What a photo takes of each function, measured here: medians of {PHOTOS} photos in Slack, and the caption as "
        f"above. The worker waits for Slack or Telegram besides, {PLATFORM_SECONDS} s by assumption.",
        "",
        f"| a month | {' | '.join(f'{volume:,} photos' for volume in VOLUMES)} |",
        f"|---|{'--:|' * len(VOLUMES)}",
        *(f"| {name} | {' | '.join(f'${cost:,.2f}' for cost in costs)} |" for name, costs in rows),
    ]


def _price(megabytes: int, seconds: float) -> float:
    """Dollars for an invocation."""
    return GIGABYTE_SECOND * megabytes / 1024 * seconds + REQUEST


if __name__ == "__main__":
    print(report())
