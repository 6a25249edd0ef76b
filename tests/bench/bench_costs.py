"""What a photo takes of each function on AWS, and what that costs: `python -m tests.bench.bench_costs` prints it.

The functions run in processes of their own beside miniatures of AWS, Slack and Telegram. `report` returns markdown.
"""

import statistics

from tests.bench.bench_lambda import METRICS, OURS, process
from tests.bench.bill import Function, Photo, dollars, table
from tests.bench.photos import PHOTOS, PLATFORM_SECONDS, photo, standing
from tests.bench.production import production
from tests.bench.share import share_of
from tests.docker.templates import TEMPLATE, parameters

MEMORIES = (512, 1024, 1769, 3008)  # megabytes
PROCESSES = 5
VOLUMES = (1_000, 100_000, 10_000_000)


def report() -> str:
    """Measure; markdown. Raises OSError where no share of a processor can be given."""
    captions = _captions()
    usual = parameters(TEMPLATE)["CaptionerMemory"]["Default"]
    return "\n".join([*_memories(captions), "", *_month(photo(captions[usual]))])


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
            f"| {memory:,} MB | {1e3 * seconds:.0f} ms | {dollars(Function(memory, seconds).amounts(10**6)):.2f} |"
            for memory, seconds in captions.items()
        ),
    ]


def _month(one: Photo) -> list[str]:
    there = standing()
    taken = {
        "captioner, a caption": f"{1e3 * one.caption.seconds:.0f} ms",
        "captioner, pings": f"{one.pings.invocations:.1f} of {1e3 * one.pings.seconds:.0f} ms",
        "worker": f"{1e3 * (one.worker.seconds - PLATFORM_SECONDS):.0f} ms, and {1e3 * PLATFORM_SECONDS:,.0f} ms for "
        "Slack or Telegram, by assumption",
        "front door": f"{1e3 * one.door.seconds:.0f} ms",
        "their starts, if it needs them": f"{1e3 * one.worker.start:,.0f} and {1e3 * one.door.start:,.0f} ms",
        "queue": f"{one.requests:.1f} requests",
        "table": f"{one.writes:.1f} writes, {one.reads:.1f} reads",
        "log": f"{one.lines:.0f} lines, {one.log:,.0f} bytes, and Lambda's own lines",
        "beside all photos": f"{there.metrics} metrics, {there.alarms} metrics that alarms look at, a dashboard",
    }
    return [
        f"Counted and measured here, {PHOTOS} photos in Slack one after the other, medians:",
        "",
        "| a photo takes | |",
        "|---|---|",
        *(f"| {name} | {what} |" for name, what in taken.items()),
        "",
        *table(one, there, VOLUMES),
    ]


if __name__ == "__main__":
    print(report())
