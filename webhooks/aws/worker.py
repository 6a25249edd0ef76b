"""The worker as a Lambda function: `webhooks.aws.worker.handler`."""

from webhooks.aws.batch import open_batches

handler = open_batches()
