"""The event source mapping between a queue of SQS and a function: batches, partial failures, a bounded concurrency.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import threading
from typing import Self

from botocore.client import BaseClient

from tests.sandbox.lambda_function import REGION, LambdaFunction, Throttled
from tests.sandbox.lambda_instance import JSON, FunctionError

PAUSE = 0.05  # seconds between two looks at an empty queue


class QueueMapping:
    """Polls `queue` (a URL) with a client of boto3's for SQS, and invokes the function with what it receives."""

    def __init__(self, sqs: BaseClient, queue: str, arn: str, function: LambdaFunction, batch: int = 1) -> None:
        self._sqs, self._queue, self._arn, self._function, self._batch = sqs, queue, arn, function, batch
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._poll, daemon=True) for _ in range(function.concurrency)]
        self.errors: list[FunctionError] = []
        self._lost: list[str] = []
        # Lambda looks at it, too, and makes no mapping whose messages come back while the function has them.
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
        if int(found["Attributes"]["VisibilityTimeout"]) < function.timeout:
            raise ValueError("the queue's visibility timeout is less than the function's timeout")

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def time_flies(self) -> None:
        """Let the visibility timeout be over for the messages that a function took along when it died."""
        while self._lost:
            self._sqs.change_message_visibility(
                QueueUrl=self._queue, ReceiptHandle=self._lost.pop(), VisibilityTimeout=0
            )

    def _poll(self) -> None:
        while not self._ended.is_set():
            received = self._sqs.receive_message(
                QueueUrl=self._queue, MaxNumberOfMessages=self._batch, MessageSystemAttributeNames=["All"]
            )
            messages = received.get("Messages", [])
            if messages:
                self._invoke(messages)
            else:
                self._ended.wait(PAUSE)

    def _invoke(self, messages: list[JSON]) -> None:
        """Invoke the function, and delete the messages that it does not report as failed."""
        try:
            answer = self._function.call({"Records": [self._record(message) for message in messages]})
        except Throttled:
            return
        except FunctionError as error:
            self._lost += [message["ReceiptHandle"] for message in messages]
            self.errors.append(error)
            return
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
        for message in messages:
            if message["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _record(self, message: JSON) -> JSON:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": REGION,
        }
