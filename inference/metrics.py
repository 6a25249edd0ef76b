"""What the captioner's lines count for."""

from common.metrics import STARTS, Metric, Table

_REQUESTS = Metric("Requests", dimension=("Outcome", "outcome"), on_aws=False)

METRICS: Table = {
    **STARTS,
    ("inference.request", "answered"): (
        Metric("Encode", "encode"),
        Metric("Decode", "decode"),
        Metric("Screen", "screen", on_aws=False),
        Metric("Answer", "caption_seconds", on_aws=False),
        Metric("Refusals", dimension=("Reason", "error"), on_aws=False),
        _REQUESTS,
    ),
    ("inference.request", "hung up"): (_REQUESTS,),
}
