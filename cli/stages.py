"""Where a photo's seconds went, read from the log of the front door and the worker."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

STAGES = ("fetched", "screened", "captioned")


def breakdown(lines: Iterable[str], sent: float, seen: float) -> str:
    """Split the time from sending a message to seeing its reply (both epoch seconds) among those who spent it.

    The photos of an album are worked on together: of theirs the whole stretch counts, from the first to the last.
    """
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    received = [_time(entry) for entry in entries if entry["message"] == "received"]
    work = [entry for entry in entries if entry["message"] in STAGES]
    if not received or not work:
        return "the log does not tell where they went"
    begun = min(_time(entry) - entry["seconds"] for entry in work)
    spent = {"delivered": received[0] - sent, "waited in the inbox": begun - received[0]}
    end = begun
    for stage in STAGES:
        last = max((_time(entry) for entry in work if entry["message"] == stage), default=end)
        spent[stage] = last - end
        end = max(last, end)
    spent["posted"] = seen - end
    return ", ".join(f"{stage} {max(0.0, seconds):.2f} s" for stage, seconds in spent.items())


def _time(entry: dict[str, Any]) -> float:
    return datetime.strptime(entry["time"], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()
