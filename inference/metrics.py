"""What the captioner's lines count for on CloudWatch."""

from common.metrics import STARTS, Metric, Table

METRICS: Table = {
    **STARTS,
    ("inference.request", "answered"): (Metric("Encode", "encode"), Metric("Decode", "decode")),
}
