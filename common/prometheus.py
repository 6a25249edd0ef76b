"""Metrics for Prometheus: what the log's lines count for, kept in memory until somebody asks at /metrics.

The library is imported by the first who asks: a process that starts needs nothing of it.
https://prometheus.io/docs/practices/naming
"""

import logging
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from common.metrics import Metric, Table, measured

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric as Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Seconds; a caption takes a tenth to ten, an acknowledgement some thousandths.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Recorder(logging.Handler):
    """Counts what the log's lines count for while it listens, and what `gauges` tell when somebody asks.

    A gauge is a metric's name in the table's spelling, what it is, and how to read it; one that can't be read is left
    out.
    """

    def __init__(self, table: Table, gauges: Mapping[str, tuple[str, Callable[[], float]]] | None = None) -> None:
        super().__init__(logging.INFO)
        self._table, self._gauges = table, gauges or {}
        self._sums: dict[tuple[str, str], float] = {}
        self._counts: dict[tuple[str, str], list[int]] = {}

    def __enter__(self) -> "Recorder":
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line; the caller holds this handler's lock."""
        for metric, value, apart in measured(self._table, record):
            key = metric.name, apart
            self._sums[key] = self._sums.get(key, 0.0) + value
            if metric.seconds is not None:
                counts = self._counts.setdefault(key, [0] * (len(BUCKETS) + 1))
                counts[bisect_left(BUCKETS, value)] += 1

    def page(self) -> bytes:
        """What /metrics shows. Imports prometheus-client: call it in a thread."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry())

    def registry(self) -> "CollectorRegistry":
        """Everything here for prometheus-client, and what it knows of every process."""
        from prometheus_client import CollectorRegistry, ProcessCollector

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self)
        return registry

    def collect(self) -> "Iterator[Family]":
        """What prometheus-client asks of a collector; a metric of the table is there from the start, at nothing."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        self.acquire()
        try:
            sums, counts = dict(self._sums), {key: list(found) for key, found in self._counts.items()}
        finally:
            self.release()
        for metric, source in _metrics(self._table).items():
            labels = [_snake(metric.dimension[0])] if metric.dimension else []
            keys = [key for key in sums if key[0] == metric.name] or ([] if labels else [(metric.name, "")])
            name, help_text = f"captionbot_{_snake(metric.name)}", f"Made of the log's lines: {source}."
            if metric.seconds is None:
                counter = CounterMetricFamily(name, help_text, labels=labels)
                for key in keys:
                    counter.add_metric([key[1]] if labels else [], sums.get(key, 0.0))
                yield counter
            else:
                histogram = HistogramMetricFamily(f"{name}_seconds", help_text, labels=labels)
                for key in keys:
                    found = counts.get(key, [0] * (len(BUCKETS) + 1))
                    histogram.add_metric([key[1]] if labels else [], _cumulative(found), sums.get(key, 0.0))
                yield histogram
        for gauge, (what, read) in self._gauges.items():
            try:
                yield GaugeMetricFamily(f"captionbot_{_snake(gauge)}", what, value=read())
            except Exception as error:  # noqa: BLE001 (a database that is away must not hide the other metrics)
                logging.getLogger(__name__).warning(
                    "not measured", extra={"gauge": gauge, "reason": type(error).__name__}
                )


def _metrics(table: Table) -> dict[Metric, str]:
    """Each metric of a table once, by its name, and the lines that it is made of."""
    by_name: dict[str, tuple[Metric, list[str]]] = {}
    for (logger, message), metrics in table.items():
        for metric in metrics:
            by_name.setdefault(metric.name, (metric, []))[1].append(f"{logger} “{message}”")
    return {metric: ", ".join(sources) for metric, sources in by_name.values()}


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    buckets, total = [], 0
    for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
