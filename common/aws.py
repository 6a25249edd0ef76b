"""Calls of AWS with botocore's signatures and none of its service models.

The front door starts with this: 60 ms of a cold start, where two clients of boto3 take 160.
"""

import functools
import json
import os
import time
from typing import Any, Final

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

# Slack waits 3 s for an answer, of which an unanswered call may take the most.
PATIENCE: Final = urllib3.Timeout(connect=0.8, read=2)
# A connection that lay frozen between two invocations breaks at its first use; nothing here is harmed by a repetition.
RETRIES: Final = urllib3.Retry(total=2, backoff_factor=0.1, status_forcelist=(500, 502, 503), allowed_methods=None)
THROTTLED: Final = frozenset({"ThrottlingException", "RequestThrottled", "ProvisionedThroughputExceededException"})
THROTTLE_PAUSES: Final = (0.1, 0.3)  # seconds

# AWS's JSON protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
_TARGETS: Final = {
    "dynamodb": "DynamoDB_20120810",
    "secretsmanager": "secretsmanager",
    "sqs": "AmazonSQS",
    "ssm": "AmazonSSM",
}
_VERSIONS: Final = {"dynamodb": "1.0", "secretsmanager": "1.1", "sqs": "1.0", "ssm": "1.1"}

_pool = urllib3.PoolManager(timeout=PATIENCE, retries=RETRIES)


class AwsError(Exception):
    """AWS refused a call or could not be reached: its error code and its sentence, in which there is no secret."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}" if sentence else code)
        self.code = code


def region() -> str:
    """Tell the region of this process, as Lambda or the AWS command line name it. Raises AwsError."""
    found = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not found:
        raise AwsError("NoRegion", "set AWS_REGION, to eu-central-1 for example")
    return found


def call(service: str, action: str, payload: dict[str, Any], *, where: str = "", at: str = "") -> dict[str, Any]:
    """Call an action of `dynamodb`, `secretsmanager`, `sqs` or `ssm`, and wait for its answer.

    `at` is the region (of this process) and `where` the endpoint (the region's, or AWS_ENDPOINT_URL). Raises AwsError.
    """
    at = at or region()
    where = where or _endpoint(service, at)
    body = json.dumps(payload).encode()
    headers = {
        "Content-Type": f"application/x-amz-json-{_VERSIONS[service]}",
        "X-Amz-Target": f"{_TARGETS[service]}.{action}",
    }
    for pause in (*THROTTLE_PAUSES, None):
        signed = headers | signature(service, at, "POST", f"{where}/", headers, body)
        try:
            response = _pool.request("POST", f"{where}/", body=body, headers=signed)
        except urllib3.exceptions.HTTPError as error:
            raise AwsError("Unreachable", f"{service} gave no answer ({type(error).__name__})") from None
        if response.status == 200:
            answer: dict[str, Any] = json.loads(response.data)
            return answer
        failed = _error(response)
        if failed.code not in THROTTLED or pause is None:
            raise failed
        time.sleep(pause)
    raise AssertionError("a loop with a last turn")


def signature(service: str, at: str, method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    """Sign a request with this process's credentials (Signature Version 4); returns the headers to add.

    Raises AwsError when there are no credentials.
    """
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    SigV4Auth(credentials(), service, at).add_auth(request)
    return {name: value for name, value in request.headers.items() if name not in headers}


def credentials() -> ReadOnlyCredentials:
    """Find this process's credentials, as they are now. Raises AwsError."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return ReadOnlyCredentials(key, secret, os.environ.get("AWS_SESSION_TOKEN"))
    try:
        chain = _chain()
        found: ReadOnlyCredentials | None = chain and chain.get_frozen_credentials()
    except BotoCoreError as error:
        raise AwsError("NoCredentials", f"the AWS credentials cannot be had ({type(error).__name__})") from None
    if found is None:
        raise AwsError("NoCredentials", "there are no AWS credentials here: give the function or the machine a role")
    return found


@functools.cache
def _chain() -> Any:  # noqa: ANN401 (one of botocore's untyped classes; it renews what it found)
    """Look where Lambda's SnapStart, a container, an instance or a developer's profile has credentials."""
    import botocore.session

    return botocore.session.get_session().get_credentials()


def _endpoint(service: str, at: str) -> str:
    named = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    return (named or f"https://{service}.{at}.amazonaws.com").rstrip("/")


def _error(response: urllib3.BaseHTTPResponse) -> AwsError:
    try:
        fields = json.loads(response.data)
        # Some services put a namespace before the code.
        code = str(fields["__type"]).rpartition("#")[2]
        return AwsError(code, str(fields.get("message") or fields.get("Message") or ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return AwsError(f"status {response.status}", "")
