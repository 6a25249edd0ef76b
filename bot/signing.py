"""Calls of a Lambda Function URL with AWS_IAM, signed as AWS wants them."""

from collections.abc import Generator

import httpx

from common import aws
from common.settings import SettingsError


class Signed(httpx.Auth):
    """Signs each request with the AWS role of this process; a request that is tried again is signed again."""

    requires_request_body = True

    def __init__(self, region: str) -> None:
        """`region` is the function's; "" is this process's. Raises SettingsError when there are no credentials."""
        try:
            self._region = region or aws.region()
            aws.credentials()
        except aws.AwsError as error:
            raise SettingsError(f"INFERENCE_URL: calls of a Lambda function have to be signed ({error}).") from None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the signature. Raises httpx.TransportError when the credentials could not be renewed."""
        # Of the headers only this one is signed, beside those that signing adds: others may change on the way.
        headers = {name: request.headers[name] for name in ("Content-Type",) if name in request.headers}
        try:
            added = aws.signature("lambda", self._region, request.method, str(request.url), headers, request.content)
        except aws.AwsError as error:
            raise httpx.TransportError(str(error), request=request) from None
        request.headers.update(added)
        yield request
