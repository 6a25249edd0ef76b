"""CloudWatch in miniature: metrics out of functions' output, and the state of an alarm of the template.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import json
import math
from collections import defaultdict
from typing import Any, Literal

from tests.docker.templates import TEMPLATE, of_type, parameters, resources

STACK = "captionbot"
# (namespace, metric, the value of its only dimension or "")
Name = tuple[str, str, str]
# What was reported in each period, the latest in the end.
Metrics = dict[Name, list[list[float]]]


def state(alarm: str, metrics: Metrics) -> Literal["OK", "ALARM"]:
    """Tell an alarm's state after these periods."""
    properties = of_type(resources(TEMPLATE), "AWS::CloudWatch::Alarm")[alarm]
    assert properties["ComparisonOperator"] == "GreaterThanThreshold"
    assert properties["TreatMissingData"] == "notBreaching"
    series = _series(properties, metrics)
    latest = series[-properties["EvaluationPeriods"] :]
    threshold = _number(properties["Threshold"])
    breaching = [value for value in latest if value is not None and value > threshold]
    return "ALARM" if len(breaching) >= properties.get("DatapointsToAlarm", len(latest)) else "OK"


def _series(properties: dict[str, Any], metrics: Metrics) -> list[float | None]:
    """Compute a value for each period, None where nothing was reported."""
    if "Metrics" not in properties:
        return _statistics(properties, properties.get("Statistic") or properties["ExtendedStatistic"], metrics)
    entries = [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in properties["Metrics"]]
    [expression] = [entry["Expression"] for entry in entries if entry.get("ReturnData")]
    several = [
        _statistics(entry["MetricStat"]["Metric"], entry["MetricStat"]["Stat"], metrics)
        for entry in entries
        if "MetricStat" in entry
    ]
    statistic = {"SUM(METRICS())": "Sum", "MAX(METRICS())": "Maximum"}[expression]
    return [
        _statistic(statistic, [value for value in column if value is not None]) for column in zip(*several, strict=True)
    ]


def _statistics(metric: dict[str, Any], statistic: str, metrics: Metrics) -> list[float | None]:
    [dimension] = metric.get("Dimensions") or [None]
    name = (_text(metric["Namespace"]), metric["MetricName"], _text(dimension["Value"]) if dimension else "")
    length = max(len(periods) for periods in metrics.values())
    found = metrics.get(name, [[]] * length)
    return [_statistic(statistic, period) for period in found]


def _statistic(name: str, values: list[float]) -> float | None:
    if not values:
        return None
    match name:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case _:
            return sorted(values)[math.ceil(len(values) * float(name.removeprefix("p")) / 100) - 1]


def _number(value: float | dict[str, str]) -> float:
    """Resolve a number, which may be a parameter's default."""
    return value if not isinstance(value, dict) else float(parameters(TEMPLATE)[value["Ref"]]["Default"])


def _text(value: str | dict[str, Any]) -> str:
    """Resolve the name of a namespace, a function or a queue."""
    if isinstance(value, str):
        return value
    [named] = value.values()
    return STACK if named == "AWS::StackName" else str(named[0] if isinstance(named, list) else named.split(".")[0])


def embedded(output: str) -> Metrics:
    """Read the metrics in what functions printed, all in one period."""
    found: Metrics = defaultdict(lambda: [[]])
    for line in output.splitlines():
        if line.startswith('{"_aws"'):
            fields = json.loads(line)
            for directive in fields["_aws"]["CloudWatchMetrics"]:
                dimensions = [fields[key] for key in directive["Dimensions"][0]]
                for metric in directive["Metrics"]:
                    value = fields[metric["Name"]]
                    name = (directive["Namespace"], metric["Name"], *(dimensions or [""]))
                    found[name][0] += value if isinstance(value, list) else [value]
    return dict(found)
