"""What the front door's and the worker's lines count for, on CloudWatch and for Prometheus."""

from common.metrics import STARTS, Metric, Table

METRICS: Table = {
    **STARTS,
    ("webhooks.deliveries", "received"): (Metric("Acknowledge", "seconds"),),
    ("webhooks.deliveries", "not received"): (Metric("NotReceived"),),
    ("webhooks.aws.batch", "taken"): (Metric("Queue", "seconds"),),
    ("webhooks.aws.batch", "answered"): (Metric("Reply", "seconds"),),
    ("webhooks.aws.batch", "handed in again"): (Metric("Retries"),),
    ("bot.pipeline", "fetched"): (Metric("Download", "seconds"),),
    ("bot.pipeline", "captioned"): (
        Metric("Inference", "seconds"),
        Metric("Captions", dimension=("Platform", "platform")),
    ),
    ("bot.pipeline", "refused"): (Metric("Refusals", dimension=("Reason", "reason")),),
}
