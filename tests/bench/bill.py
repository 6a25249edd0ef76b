"""What AWS charges for a month: dollars in us-east-1 in 2026, from the services' pages of prices.

https://aws.amazon.com/lambda/pricing (ARM64, SnapStart), and those of SQS, DynamoDB, CloudWatch and ECR.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

SECONDS, MINUTES, HOURS = 30 * 24 * 3600, 30 * 24 * 60, 30 * 24
GIGABYTE = 1e9

PRICES = {
    "gigabyte-second": 0.0000133334,
    "invocation": 0.20e-6,
    "snapshot's gigabyte-second": 0.0000015046,
    "restored gigabyte": 0.0001397998,
    "request to SQS": 0.40e-6,
    "write": 0.625e-6,
    "read": 0.125e-6,
    # To take it in, and to keep it for a month.
    "gigabyte of log": 0.50 + 0.03,
    "metric": 0.30,
    "metric of an alarm": 0.10,
    "dashboard": 3.0,
    "gigabyte of images": 0.10,
}
# Free in every month, for every account.
FREE = {
    "gigabyte-second": 400_000,
    "invocation": 1_000_000,
    "request to SQS": 1_000_000,
    "gigabyte of log": 5,
    "metric": 10,
    "metric of an alarm": 10,
    "dashboard": 3,
}
# Lambda waits for messages with five pollers, each in requests of twenty seconds.
POLLS = 5 * SECONDS / 20
# START, END and REPORT of an invocation, and what CloudWatch adds to each line: bytes.
LAMBDA_LINES, LINE = 285, 26
# An idle instance is kept for about ten minutes, a busy one for about two hours: assumptions.
KEPT, RENEWED = 10.0, 120.0  # minutes

Amounts = Mapping[str, float]


@dataclass(frozen=True)
class Function:
    """A function's part in a photo: megabytes, seconds of an invocation, how many, and seconds of a cold start."""

    memory: int
    seconds: float
    invocations: float = 1.0
    start: float = 0.0

    def amounts(self, photos: int) -> Amounts:
        """What it takes for so many photos a month."""
        seconds = photos * self.invocations * self.seconds + starts(photos, self.seconds) * self.start
        return {"gigabyte-second": self.memory / 1024 * seconds, "invocation": photos * self.invocations}


@dataclass(frozen=True)
class Photo:
    """What a photo takes; `log` is bytes, of so many `lines`."""

    caption: Function
    pings: Function
    worker: Function
    door: Function
    requests: float
    writes: float
    reads: float
    log: float
    lines: float


@dataclass(frozen=True)
class Standing:
    """What stands there whatever comes: numbers, and gigabytes of images."""

    snapshot_memory: int
    alarms: int
    metrics: int
    images: float


def starts(photos: int, seconds: float) -> float:
    """Estimate a function's cold starts in a month, of photos that come at any time."""
    rate = photos / MINUTES
    at_once = max(1.0, rate * seconds / 60)
    renewals = at_once * MINUTES / RENEWED * (1 - math.exp(-rate * KEPT))
    return min(float(photos), photos * math.exp(-rate * KEPT) + renewals)


def amounts(photo: Photo, standing: Standing, photos: int) -> dict[str, Amounts]:
    """What a month takes, by what it is for."""
    invocations = sum(part.invocations for part in (photo.caption, photo.pings, photo.worker, photo.door))
    log = photo.log + photo.lines * LINE + invocations * (LAMBDA_LINES + 3 * LINE)
    memory = standing.snapshot_memory / 1024
    # Metrics are charged by the hour in which they occur.
    hours = 1 - math.exp(-photos / HOURS)
    return {
        "captioner: captions": photo.caption.amounts(photos),
        "captioner: pings": photo.pings.amounts(photos),
        "captioner: restored from its snapshot": {"restored gigabyte": memory * starts(photos, photo.caption.seconds)},
        "worker": photo.worker.amounts(photos),
        "front door": photo.door.amounts(photos),
        "queue": {"request to SQS": photos * photo.requests},
        "queue: asked while it is empty": {"request to SQS": POLLS},
        "table": {"write": photos * photo.writes, "read": photos * photo.reads},
        "log": {"gigabyte of log": photos * log / GIGABYTE},
        "metrics": {"metric": standing.metrics * hours},
        "alarms": {"metric of an alarm": standing.alarms},
        "dashboard": {"dashboard": 1},
        "snapshot": {"snapshot's gigabyte-second": memory * SECONDS},
        "images": {"gigabyte of images": standing.images},
    }


def dollars(taken: Amounts) -> float:
    """Price something, as if nothing were free."""
    return sum(PRICES[what] * amount for what, amount in taken.items())


def with_free_tier(rows: Mapping[str, Amounts]) -> float:
    """Price all of it together, after what is free in every month."""
    together: defaultdict[str, float] = defaultdict(float)
    for taken in rows.values():
        for what, amount in taken.items():
            together[what] += amount
    return dollars({what: max(0.0, amount - FREE.get(what, 0)) for what, amount in together.items()})


def table(photo: Photo, standing: Standing, volumes: tuple[int, ...]) -> list[str]:
    """Write the month as markdown."""
    months = [amounts(photo, standing, volume) for volume in volumes]
    lines = [(name, [dollars(month[name]) for month in months]) for name in months[0]]
    lines.append(("**together, with nothing free**", [sum(map(dollars, month.values())) for month in months]))
    lines.append(("**together, with what is free each month**", [with_free_tier(month) for month in months]))
    return [
        f"| a month | {' | '.join(f'{volume:,} photos' for volume in volumes)} |",
        f"|---|{'--:|' * len(volumes)}",
        *(f"| {name} | {' | '.join(f'${cost:,.2f}' for cost in costs)} |" for name, costs in lines),
    ]
