"""The front door beside Bolt's adapter for AWS Lambda with a lazy listener (cold start, warm latency), and in a burst.

`python -m tests.bench.bench_front_door` prints the tables; `report` returns them.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.bench import burst
from tests.bench.front_doors import SECRET

COLD_STARTS, WARM_REQUESTS = 15, 1000
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Row:
    """One comparison, in milliseconds: ours, Bolt's, and what is aimed at for Bolt's over ours."""

    name: str
    ours: float
    bolt: float
    goal: float | None = None

    @property
    def ratio(self) -> float:
        return self.bolt / self.ours


def run() -> list[Row]:
    """Measure; the two take turns, so that a busy moment of the machine hits both."""
    with _lambda() as endpoint:
        cold: dict[str, list[float]] = {"ours": [], "bolt": []}
        for _ in range(COLD_STARTS):
            for name, times in cold.items():
                times.append(_process(name, 1, endpoint)[0])
        warm = {name: sorted(_process(name, WARM_REQUESTS, endpoint)[1][10:]) for name in cold}
    median = {name: statistics.median(times) for name, times in warm.items()}
    late = {name: times[int(len(times) * 0.99)] for name, times in warm.items()}
    start = {name: statistics.median(times) for name, times in cold.items()}
    return [
        Row("fresh process to its first 200, median", start["ours"] * 1e3, start["bolt"] * 1e3, 1.5),
        Row("warm request, median", median["ours"] * 1e3, median["bolt"] * 1e3, 3),
        Row("warm request, 99th percentile", late["ours"] * 1e3, late["bolt"] * 1e3),
    ]


def _process(name: str, requests: int, endpoint: str) -> tuple[float, list[float]]:
    """Run a front door in a fresh process: seconds of the whole process, and of each request."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SLACK_SIGNING_SECRET": SECRET,
            "INBOX_URL": f"sqlite:///{folder}/inbox.sqlite",
            "AWS_ENDPOINT_URL_LAMBDA": endpoint,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
        }
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.front_doors", name, str(requests)],
            env=environment,
            cwd=folder,
            capture_output=True,
            check=True,
        )
        seconds: list[float] = json.loads(done.stdout)
        return time.perf_counter() - start, seconds


@contextmanager
def _lambda() -> Iterator[str]:
    """A Lambda endpoint that accepts every asynchronous invocation at once."""

    class Accept(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Accept)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def report() -> str:
    """Measure everything about the front door, as tables."""
    lines = ["| | ours | Bolt's adapter, lazy listener | ratio |", "|---|---:|---:|---:|"]
    for row in run():
        goal = "" if row.goal is None else f" (goal: {row.goal:g})"
        lines.append(f"| {row.name} | {row.ours:.2f} ms | {row.bolt:.2f} ms | {row.ratio:.1f}{goal} |")
    return "\n".join([*lines, "", burst.report()])


if __name__ == "__main__":
    print(report())
