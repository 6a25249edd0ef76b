"""CloudWatch's metrics, made of what the log tells anyway, in the embedded format that a function's output may carry.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """What a line of the log counts for: once, or with the seconds in its field `seconds`.

    `dimension` is the name by which it is counted apart, and the field that holds what for.
    """

    name: str
    seconds: str | None = None
    dimension: tuple[str, str] | None = None


Table = Mapping[tuple[str, str], tuple[Metric, ...]]
"""Metrics by the logger and the message of the line that they are made of."""

STARTS: Table = {
    ("common.invocations", "started cold"): (Metric("ColdStarts", dimension=("Function", "function")),),
}
"""What every function counts."""


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
        fields = vars(record)
        for metric in self._table.get((record.name, record.getMessage()), ()):
            if metric.seconds is not None and metric.seconds not in fields:
                continue
            unit, value = (
                (self._unit.Count, 1) if metric.seconds is None else (self._unit.Seconds, fields[metric.seconds])
            )
            with self._single(metric.name, unit, value) as made:
                if metric.dimension is not None:
                    made.add_dimension(metric.dimension[0], str(fields[metric.dimension[1]]))
