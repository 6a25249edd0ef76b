"""The measuring itself: `make bench` has the figures."""

import os
import time

from tests.bench import bench_captions
from tests.bench.installed import INFERENCE
from tests.bench.production import PHOTO
from tests.bench.servers import Way, serving

STARTER = Way("starter", INFERENCE, ["-c", "from cli.main import main; main()", "serve", "--port", "{port}"], {})


def test_a_way_that_was_silent_longer_than_its_server_waits_is_measured_on() -> None:
    with serving(STARTER, PHOTO.read_bytes(), sorted(os.sched_getaffinity(0))) as server:
        assert server.client.caption() > 0
        time.sleep(7)  # uvicorn has hung up by now
        assert 0 < server.client.caption() < 60


def test_a_ratio_is_that_of_turns() -> None:
    # In the third turn the machine was busy with something else.
    assert bench_captions._ratio([60.0, 61.0, 600.0], [10.0, 10.0, 100.0]) == 6.0
