"""Prometheus reads what the front door and the worker do, on the port that METRICS_PORT opens and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bot.conftest import make_photo
from tests.ports import free_port, wait_for_port
from tests.webhooks.local.machine import Machine, machine
from tests.webhooks.local.test_one_answer import texts, wait_until


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        yield here


def figures(port: int) -> dict[str, float]:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_what_the_front_door_and_the_worker_do_is_counted(here: Machine) -> None:
    port = free_port()
    here.environment["METRICS_PORT"] = str(port)
    here.start("webhooks", "--port", str(here.port))
    wait_for_port(here.port)
    sent = [here.slack.upload("C0GENERAL", [make_photo()]) for _ in range(2)]
    refused = here.slack.upload("C0GENERAL", [b"GIF89a no photo"])
    wait_until(lambda: all(texts(here, one) for one in (*sent, refused)))
    wait_until(lambda: figures(port)["captionbot_queue_depth"] == 0)
    found = figures(port)
    assert found['captionbot_captions_total{platform="slack"}'] == 2
    assert found["captionbot_acknowledge_seconds_count"] == 3
    assert found["captionbot_download_seconds_count"] == 3
    assert found["captionbot_inference_seconds_count"] == 2
    assert sum(value for name, value in found.items() if name.startswith("captionbot_refusals_total")) == 1
    assert found["captionbot_queue_age_seconds"] == 0
    assert found['captionbot_cold_starts_total{function="local"}'] == 1
    # The public one does not tell.
    assert httpx.get(f"http://127.0.0.1:{here.port}/metrics").status_code == 404


def test_what_waits_and_for_how_long_is_measured(here: Machine) -> None:
    port = free_port()
    here.environment["METRICS_PORT"] = str(port)
    here.start_door()  # and no worker
    here.slack.upload("C0GENERAL", [make_photo()])
    wait_until(lambda: figures(port)["captionbot_queue_depth"] == 1)
    wait_until(lambda: figures(port)["captionbot_queue_age_seconds"] > 0.5)


def test_a_port_that_is_taken_is_named_with_its_setting(here: Machine) -> None:
    here.start_door()
    here.environment["METRICS_PORT"] = str(here.port)
    process = here.start("webhooks", "--only", "worker")
    assert process.wait(60) == 2  # as for every wrong setting
    assert "METRICS_PORT" in here.log.read_text()
    assert "Traceback" not in here.log.read_text()
