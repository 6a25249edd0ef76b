"""The captioning endpoint beside the first version's way of serving the same checkpoint, and beside its bare sessions.

`python -m tests.bench.bench_captions` prints the tables; `report` returns them. The checkpoint is a random one of the
production model's shape. Its end token is suppressed, so that both ways say 20 tokens, at 3 beams.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from inference.loading import STARTER
from tests.bench.installed import INFERENCE, MVP, megabytes, of_folder
from tests.bench.production import PHOTO, TOKENS, production
from tests.bench.servers import ROOT, Client, Server, Way, serving

REQUESTS, TURNS, UNCOUNTED = 40, 6, 5
COLD_STARTS = 11
CLIENTS, LOAD_SECONDS = (1, 4, 16), 8.0


def report() -> str:
    """Measure everything; markdown."""
    cores = sorted(os.sched_getaffinity(0))
    photo = PHOTO.read_bytes()
    made = production()
    checkpoint, folder, stored = made.checkpoint, made.exported, made.stored
    mvp = Way(
        "MVP", MVP, ["-m", "uvicorn", "tests.bench.mvp:app", "--port", "{port}"], {"BENCH_MODEL": str(checkpoint)}
    )
    ours = Way(
        "captionbot",
        INFERENCE,
        ["-c", "from cli.main import main; main()", "serve", "--port", "{port}"],
        {"CAPTION_MODEL": str(folder)},
    )
    starter = Way("starter", INFERENCE, ours.command, {})
    ways = (mvp, ours, starter)
    lines = [
        f"`MVP` and `captionbot` serve one random checkpoint of the production shape, {TOKENS} tokens, 3 beams."
        f" `captionbot export` chose: encoder {stored.encoder}, decoder {stored.decoder}, embeddings "
        f"{stored.embeddings}. `starter` serves the starter model, whose captions are about half as long.",
        "",
        "| | MVP | captionbot | ratio | goal | starter |",
        "|---|--:|--:|--:|--:|--:|",
        *_cold(ways, photo, cores),
        *_requests(ways, photo, cores[:1], "one core"),
        *_requests(ways, photo, cores, f"{len(cores)} cores"),
        _size(checkpoint, folder),
        "",
        "| median | bare sessions | engine | ratio (≤ 1.25) | in process | endpoint | ratio (≤ 1.1) |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(_overhead(way, model, cores) for way, model in ((ours, folder), (starter, STARTER))),
        "",
        "| clients at once | answered a second | median | 99th percentile | answers |",
        "|---|--:|--:|--:|---|",
        *(line for way in ways for line in _load(way, photo, cores)),
    ]
    return "\n".join(lines)


def _cold(ways: Sequence[Way], photo: bytes, cores: Sequence[int]) -> list[str]:
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    most = dict.fromkeys(seconds, 0.0)
    for _ in range(COLD_STARTS):
        for way in ways:
            with serving(way, photo, cores) as server:
                seconds[way.name].append(server.cold_seconds)
                most[way.name] = max(most[way.name], server.peak_megabytes())
    first = [statistics.median(taken) for taken in seconds.values()]
    ratio = _ratio(seconds[ways[0].name], seconds[ways[1].name])
    return [
        _row("start of the process to the first caption", first, "{:.2f} s", "≥ 10", ratio),
        _row("most memory then", list(most.values()), "{:.0f} MB", "≥ 3"),
    ]


def _requests(ways: Sequence[Way], photo: bytes, cpus: Sequence[int], where: str) -> list[str]:
    """One request after the other; the ways take turns, so that a busy moment of the machine hits all."""
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(way, photo, cpus)) for way in ways]
        for _ in range(REQUESTS + UNCOUNTED):
            for way, server in zip(ways, servers, strict=True):
                times[way.name].append(1e3 * server.client.caption())
    quantiles = [statistics.quantiles(taken[UNCOUNTED:], n=20) for taken in times.values()]
    ratio = _ratio(times[ways[0].name][UNCOUNTED:], times[ways[1].name][UNCOUNTED:])
    return [
        _row(f"request on {where}, median", [found[9] for found in quantiles], "{:.0f} ms", "≥ 6", ratio),
        _row(f"request on {where}, 95th percentile", [found[18] for found in quantiles], "{:.0f} ms"),
    ]


def _ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """The median over turns: within one, both had the same machine, however busy it was."""
    return statistics.median(one / other for one, other in zip(theirs, ours, strict=True))


def _size(checkpoint: Path, folder: Path) -> str:
    packages = [megabytes(roots) for roots in (MVP, INFERENCE, INFERENCE)]
    models = [of_folder(model) for model in (checkpoint, folder, STARTER)]
    return _row("packages and model", [sum(parts) for parts in zip(packages, models, strict=True)], "{:.0f} MB", "≥ 4")


def _overhead(way: Way, folder: Path, cores: Sequence[int]) -> str:
    """What the engine adds to its sessions, and the endpoint to what it does; the two processes take turns."""
    command = [sys.executable, "-m", "tests.bench.bare", str(folder), str(PHOTO), str(len(cores))]
    rounds, answers = [], []
    with (
        serving(way, PHOTO.read_bytes(), cores) as server,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        turns, measured = process.stdin, process.stdout
        assert turns is not None and measured is not None
        for _ in range(TURNS):
            turns.write(b"\n" * REQUESTS)
            turns.flush()
            rounds += [json.loads(measured.readline()) for _ in range(REQUESTS)][UNCOUNTED:]
            server.client.hang_up()  # as the server would, after so long a silence
            answers += [1e3 * server.client.caption() for _ in range(REQUESTS)][UNCOUNTED:]
        turns.close()
    bare = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    endpoint, sessions = statistics.median(answers), bare["encoder"] + bare["decoder"]
    cells = [
        f"{way.name}, {bare['steps']:.0f} steps",
        f"{bare['encoder']:.1f} + {bare['decoder']:.1f} ms",
        f"{bare['engine']:.1f} ms",
        f"{bare['engine'] / sessions:.2f}",
        f"{bare['whole']:.1f} ms",
        f"{endpoint:.1f} ms",
        f"{endpoint / bare['whole']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _load(way: Way, photo: bytes, cores: Sequence[int]) -> list[str]:
    lines = []
    with serving(way, photo, cores) as server:
        for clients in CLIENTS:
            started = time.perf_counter()
            seconds, answers = _at_once(server, photo, clients)
            rate = len(seconds) / (time.perf_counter() - started)
            quantiles = statistics.quantiles(seconds, n=100)
            said = ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))
            lines.append(
                f"| {way.name}, {clients} | {rate:.1f} | {1e3 * quantiles[49]:.0f} ms "
                f"| {1e3 * quantiles[98]:.0f} ms | {said} |"
            )
    return lines


def _at_once(server: Server, photo: bytes, clients: int) -> tuple[list[float], Counter[int]]:
    """Seconds of each answer, whatever it is, and how many there were of which status."""
    seconds: list[float] = []
    answers: Counter[int] = Counter()
    end = time.perf_counter() + LOAD_SECONDS

    def ask() -> None:
        with Client(server.port, photo) as client:
            # Two at least, however slow the machine is: one answer has no percentiles.
            while time.perf_counter() < end or len(seconds) < 2:
                status, taken = client.post()
                answers[status] += 1
                seconds.append(taken)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds, answers


def _row(name: str, values: Sequence[float], unit: str, goal: str = "", ratio: float | None = None) -> str:
    """A row of the first table; `values` are the MVP's, captionbot's and the starter's, `ratio` the first two's."""
    theirs, own, starter = values
    shown = theirs / own if ratio is None else ratio
    cells = [name, unit.format(theirs), unit.format(own), f"{shown:.1f}", goal, unit.format(starter)]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(report())
