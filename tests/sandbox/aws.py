"""AWS in miniature: SQS, DynamoDB, Parameter Store and Secrets Manager by moto's server, and functions beside them.

The functions run by `tests.sandbox.lambda_function`; `with AwsSandbox(folder) as aws:` starts the servers.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import boto3
from botocore.client import BaseClient

from tests.ports import free_port, wait_for_port
from tests.sandbox.lambda_function import REGION, ROOT, LambdaFunction
from tests.sandbox.lambda_url import CREDENTIALS, KEY_ID, arn_of_queue
from tests.sandbox.servers import Servers

TABLE = "captionbot-claims"
NAMESPACE = "captionbot"


class AwsSandbox:
    """`sqs`, `dynamodb`, `ssm` and `secrets` are clients of boto3; `environment` is what every function is given.

    With `cloudformation` its stacks behave as on AWS: see `tests.sandbox.cloudformation`.
    """

    def __init__(self, folder: Path, *, cloudformation: bool = False) -> None:
        self.folder = folder
        self._more = ["cloudformation"] if cloudformation else []
        self._calls = folder / "calls.txt"
        self.log = folder / "functions.txt"
        self.servers = Servers("lambda-sandbox")
        self._functions: list[LambdaFunction] = []

    def __enter__(self) -> Self:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        with (self.folder / "moto.txt").open("wb") as log:
            self._moto = subprocess.Popen(
                [sys.executable, "-m", "tests.sandbox.moto_server", str(port), str(self._calls), *self._more],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": REGION},
            )
        self.servers.start()
        wait_for_port(port, 120)
        self.environment = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "CLAIMS_TABLE": TABLE,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        }
        self.sqs, self.dynamodb = self.client("sqs"), self.client("dynamodb")
        self.ssm, self.secrets = self.client("ssm"), self.client("secretsmanager")
        self.create_table(TABLE)
        return self

    def __exit__(self, *exc: object) -> None:
        for function in self._functions:
            function.kill()
        self.servers.stop()
        self._moto.terminate()
        self._moto.wait()
        for client in (self.sqs, self.dynamodb, self.ssm, self.secrets):
            client.close()

    def calls(self, key: str) -> Counter[str]:
        """How often each action was called with an access key, as IAM names them: "sqs:SendMessage"."""
        lines = [line.split() for line in self._calls.read_text().splitlines()]
        return Counter(action for signed, action in lines if signed == key)

    def client(self, service: str, key: str = KEY_ID) -> BaseClient:
        """Make a client of boto3's that signs with this access key."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def create_table(self, name: str) -> None:
        """Create a table with Powertools' key."""
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def function(
        self, handler: str, environment: Mapping[str, str], timeout: float = 30.0, concurrency: int = 2
    ) -> LambdaFunction:
        """Create a function with an access key of its own; its first invocation starts a process."""
        function = LambdaFunction(
            self.servers,
            handler,
            {**self.environment, "AWS_ACCESS_KEY_ID": key_of(handler), **environment},
            self.log,
            timeout=timeout,
            concurrency=concurrency,
        )
        self._functions.append(function)
        return function

    def queue(self, name: str, receives: int, visibility: int) -> str:
        """Create a queue and its dead-letter queue (`name-dead`); returns the queue's URL."""
        self.sqs.create_queue(QueueName=f"{name}-dead")
        redrive = {"deadLetterTargetArn": arn_of_queue(f"{name}-dead"), "maxReceiveCount": receives}
        made = self.sqs.create_queue(
            QueueName=name, Attributes={"VisibilityTimeout": str(visibility), "RedrivePolicy": json.dumps(redrive)}
        )
        url: str = made["QueueUrl"]
        return url

    def dead(self, name: str) -> list[str]:
        """The bodies of the messages in a queue's dead-letter queue; they stay there."""
        url = self.sqs.get_queue_url(QueueName=f"{name}-dead")["QueueUrl"]
        received = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in received.get("Messages", [])]


def key_of(handler: str) -> str:
    """Name the access key of a handler's function."""
    return KEY_ID + re.sub(r"\W", "", handler).upper()
