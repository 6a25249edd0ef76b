"""Prometheus and Grafana beside the bot: their files are well-formed, and ask for what is there to be had."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from common.prometheus import Recorder
from inference.metrics import METRICS as CAPTIONER
from tests.docker.templates import ROOT
from webhooks.local.metrics import METRICS

FOLDER = ROOT / "docker" / "observability"
SERVICES = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
PANELS = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]


def promtool(*arguments: str | Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on this machine: apt-get install prometheus")
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_its_configuration() -> None:
    promtool("check", "config", FOLDER / "prometheus.yaml")


def test_prometheus_understands_every_question_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(EXPRESSIONS)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", file)


def names() -> set[str]:
    """Every metric of ours that a process shows, as Prometheus calls it."""
    gauges = {"Waiting": ("", float), "QueueDepth": ("", float), "QueueAgeSeconds": ("", float)}
    found = set()
    for family in Recorder({**CAPTIONER, **METRICS}, gauges).collect():
        suffix = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        found |= {family.name + end for end in suffix}
    return found


def test_the_dashboard_asks_for_every_metric_and_for_none_that_is_not_there() -> None:
    asked = set(re.findall(r"captionbot_\w+", " ".join(EXPRESSIONS)))
    there = names()
    assert asked <= there
    # What only AWS has is shown on CloudWatch.
    elsewhere = {"captionbot_queue_seconds", "captionbot_reply_seconds"}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in there} == shown | elsewhere


def test_what_is_scraped_is_a_service_and_its_port_is_the_one_that_it_opens() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    targets = [target for part in config["scrape_configs"][0]["static_configs"] for target in part["targets"]]
    for service, _, port in (target.partition(":") for target in targets):
        environment, command = SERVICES[service]["environment"], SERVICES[service]["command"]
        assert port in ({environment["METRICS_PORT"]} if service != "inference" else {command[-1]}), service


def test_what_is_mounted_is_there() -> None:
    for service in ("prometheus", "grafana"):
        for volume in SERVICES[service]["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (ROOT / "docker" / source).is_file(), source
