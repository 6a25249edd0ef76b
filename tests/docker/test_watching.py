"""The metrics and the dashboard: made of the log's lines, so these must be the lines that are logged."""

import json
import re
from typing import Any

import pytest

from tests.docker.templates import ROOT, TEMPLATE, of_type, resources

FILTERS = of_type(resources(TEMPLATE), "AWS::Logs::MetricFilter")
# Where the functions whose lines a filter reads get them from.
SOURCES = {"SlackDoorLog": ("webhooks",), "TelegramDoorLog": ("webhooks",), "WorkerLog": ("bot", "webhooks")}


def code(log: str) -> str:
    folders = SOURCES.get(log, ("inference",))
    return "\n".join(file.read_text() for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "ColdStarts"])
def test_a_filter_waits_for_a_line_that_is_logged(name: str) -> None:
    log = FILTERS[name]["LogGroupName"]["Ref"]
    [message] = re.findall(r'\$\.message = "([^"]+)"', FILTERS[name]["FilterPattern"])
    [transformation] = FILTERS[name]["MetricTransformations"]
    fields = set(re.findall(r"\$\.(\w+)", f"{FILTERS[name]['FilterPattern']} {transformation}")) - {"message"}
    assert f'"{message}"' in code(log)
    for field in fields:
        assert f'"{field}":' in code(log), field


def test_the_dashboard_shows_every_metric_that_is_made() -> None:
    body: str = resources(TEMPLATE)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    shown: set[str] = set()
    for widget in widgets:
        shown |= _own(widget["properties"]["metrics"])
    made = {entry["MetricTransformations"][0]["MetricName"] for entry in FILTERS.values()}
    assert shown == made


def test_no_widget_covers_another() -> None:
    body: str = resources(TEMPLATE)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    places = [(widget["x"], widget["y"]) for widget in json.loads(body)["widgets"]]
    assert len(set(places)) == len(places)
    assert all(x in (0, 8, 16) and y % 6 == 0 for x, y in places)


def _own(metrics: list[list[Any]]) -> set[str]:
    """Name a widget's metrics in the stack's namespace; "." stands for what the line above has."""
    found, namespace = set(), ""
    for line in metrics:
        if isinstance(line[0], dict):
            found |= set(re.findall(r'MetricName="(\w+)"', line[0]["expression"]))
            continue
        namespace = line[0] if line[0] not in (".", "...") else namespace
        if namespace == "${AWS::StackName}":
            found.add(line[1])
    return found
