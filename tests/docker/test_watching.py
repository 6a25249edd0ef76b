"""The metrics and the dashboard: made of the log's lines, so these must be the lines that are logged."""

import json
import re
from typing import Any

import pytest

from common.metrics import Metric
from inference.metrics import METRICS as CAPTIONER
from tests.docker.templates import ROOT, TEMPLATE, of_type, resources, translated
from webhooks.metrics import METRICS

METRIC = [(*line, metric) for line, metrics in {**METRICS, **CAPTIONER}.items() for metric in metrics]


@pytest.mark.parametrize(("logger", "message", "metric"), METRIC, ids=lambda value: getattr(value, "name", None))
def test_a_metric_is_made_of_a_line_that_is_logged(logger: str, message: str, metric: Metric) -> None:
    module = "inference.tracing" if logger == "inference.request" else logger
    code = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    # The stages of a request and of a photo are named where they are timed.
    code += (ROOT / "inference" / "endpoint.py").read_text() + (ROOT / "inference" / "answers.py").read_text()
    for word in {message, metric.seconds, *(metric.dimension or ("", None))[1:]} - {None}:
        assert f'"{word}"' in code, word


def test_every_function_is_told_whose_its_metrics_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name, function in of_type(translated(TEMPLATE), "AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}, name


def test_the_dashboard_shows_every_metric_that_is_made() -> None:
    body: str = resources(TEMPLATE)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    shown: set[tuple[str, str | None]] = set()
    for widget in widgets:
        shown |= _own(widget["properties"]["metrics"])
    assert shown == {(metric.name, metric.dimension and metric.dimension[0]) for *_, metric in METRIC if metric.on_aws}


def test_a_search_finds_a_stack_with_a_dash_in_its_name() -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    body: str = resources(TEMPLATE)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    body = body.replace("${AWS::StackName}", "photo-bot")
    metrics = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"]["metrics"]]
    searches = [metric[0]["expression"] for metric in metrics if isinstance(metric[0], dict)]
    assert len(searches) == 2
    for search in searches:
        assert re.fullmatch(r"""SEARCH\('\{"photo-bot",\w+\} MetricName="\w+"', 'Sum'\)""", search)


def test_no_widget_covers_another() -> None:
    body: str = resources(TEMPLATE)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    places = [(widget["x"], widget["y"]) for widget in json.loads(body)["widgets"]]
    assert len(set(places)) == len(places)
    assert all(x in (0, 8, 16) and y % 6 == 0 for x, y in places)


def _own(metrics: list[list[Any]]) -> set[tuple[str, str | None]]:
    """Name a widget's metrics in the stack's namespace, and their dimension; "." stands for what is above."""
    found: set[tuple[str, str | None]] = set()
    above: list[Any] = []
    for line in metrics:
        if isinstance(line[0], dict):
            found |= {(name, key) for key, name in re.findall(r",(\w+)} MetricName=\"(\w+)\"", line[0]["expression"])}
            continue
        if line[0] == "...":
            continue  # the same metric, for something else
        above = [above[place] if part == "." else part for place, part in enumerate(line) if isinstance(part, str)]
        if above[0] == "${AWS::StackName}":
            found.add((above[1], above[2] if len(above) > 2 else None))
    return found
