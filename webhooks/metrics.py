"""What the front door's and the worker's lines count for on CloudWatch."""

from inference.metrics import CAPTIONER, Metric, Table

METRICS: Table = {
    **CAPTIONER,
    ("webhooks.door", "received"): (Metric("Acknowledge", "seconds"),),
    ("webhooks.batch", "taken"): (Metric("Queue", "seconds"),),
    ("webhooks.batch", "answered"): (Metric("Reply", "seconds"),),
    ("webhooks.batch", "handed in again"): (Metric("Retries"),),
    ("bot.journey", "fetched"): (Metric("Download", "seconds"),),
    ("bot.journey", "captioned"): (
        Metric("Inference", "seconds"),
        Metric("Captions", dimension=("Platform", "platform")),
    ),
    ("bot.journey", "refused"): (Metric("Refusals", dimension=("Reason", "reason")),),
}
