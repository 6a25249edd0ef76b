"""What is counted and measured: metrics made of what the log tells anyway, by tables that each part of the house has.

On AWS Lambda they go to CloudWatch, in the embedded format that a function's output may carry; elsewhere Prometheus
reads them (`common.prometheus`), by the same names in its own spelling: `ColdStarts` is `captionbot_cold_starts_total`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """What a line of the log counts for: once, or with the seconds in its field `seconds`.

    `dimension` is the name by which it is counted apart, and the field that holds what for. CloudWatch asks money for
    each metric: what is not `on_aws` is for Prometheus alone.
    """

    name: str
    seconds: str | None = None
    dimension: tuple[str, str] | None = None
    on_aws: bool = True


Table = Mapping[tuple[str, str], tuple[Metric, ...]]
"""Metrics by the logger and the message of the line that they are made of."""

STARTS: Table = {
    ("common.invocations", "started cold"): (Metric("ColdStarts", dimension=("Function", "function")),),
}
"""What every process counts."""


def measured(table: Table, record: logging.LogRecord) -> Iterator[tuple[Metric, float, str]]:
    """What a line counts for: each metric with its value and with what it is counted apart for ("" for nothing).

    A metric whose fields the line lacks is left out.
    """
    fields: Mapping[str, Any] = vars(record)
    for metric in table.get((record.name, record.getMessage()), ()):
        needed = (metric.seconds, metric.dimension and metric.dimension[1])
        if all(name is None or fields.get(name) is not None for name in needed):
            value = 1.0 if metric.seconds is None else float(fields[metric.seconds])
            yield metric, value, str(fields[metric.dimension[1]]) if metric.dimension else ""


def publish(table: Table) -> None:
    """Make metrics of the log's lines from now on, where POWERTOOLS_METRICS_NAMESPACE says whose they are."""
    if os.environ.get("POWERTOOLS_METRICS_NAMESPACE"):
        logging.getLogger().addHandler(_Embedded(table))


class _Embedded(logging.Handler):
    def __init__(self, table: Table) -> None:
        super().__init__()
        # Only where it is used: not everything that imports this runs on Lambda.
        from aws_lambda_powertools.metrics import MetricUnit, single_metric

        self._table = table
        self._single, self._unit = single_metric, MetricUnit

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a line counts for."""
        for metric, value, apart in measured(self._table, record):
            if not metric.on_aws:
                continue
            unit = self._unit.Count if metric.seconds is None else self._unit.Seconds
            with self._single(metric.name, unit, value if metric.seconds else 1) as made:
                if metric.dimension is not None:
                    made.add_dimension(metric.dimension[0], apart)
