"""A Function URL in front of a function: HTTP in, an event of payload version 2.0 to the function, HTTP out.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import json
import re
import time
from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from tests.sandbox.lambda_function import ACCOUNT, REGION, LambdaFunction, Throttled
from tests.sandbox.lambda_instance import JSON, LARGEST, FunctionError

KEY_ID, SECRET_KEY, SESSION = "AKIASANDBOX0123456789", "sandbox-secret-access-key-0123456789", "sandbox-session-token"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": SESSION}
WINDOW = 5 * 60  # seconds
TEXT = re.compile(r"text/|application/(json|javascript|xml)\b")
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/(\w+)/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)"
)


class FunctionUrl:
    """`url` is where it listens; `refused` counts the requests whose signature was not right."""

    def __init__(self, function: LambdaFunction, auth: Literal["NONE", "AWS_IAM"] = "NONE") -> None:
        self._function = function
        self._auth = auth
        self.refused = 0
        self.throttled = 0
        app = web.Application(client_max_size=4 * LARGEST)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.url = function.servers.run(function.servers.serve(app, 0, patience=0.05))

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self._auth == "AWS_IAM" and not authentic(request, body):
            self.refused += 1
            return web.json_response({"Message": "Forbidden"}, status=403)
        try:
            answer = await self._function.invoke(event_of(request, body))
        except ValueError:
            return web.json_response({"Message": "Request must be smaller than 6291456 bytes"}, status=413)
        except Throttled:
            self.throttled += 1
            reason = {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"}
            return web.json_response({**reason, "message": "Rate Exceeded."}, status=429)
        except FunctionError:
            return web.Response(text="Internal Server Error", status=502)
        return response_of(answer)


def event_of(request: web.Request, body: bytes) -> JSON:
    """Build the event of a request. Header names are in lower case; a body that may be binary is in base64."""
    text = TEXT.match(request.headers.get("Content-Type", ""))
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    domain = f"sandbox0123456789.lambda-url.{REGION}.on.aws"
    now = datetime.now(UTC)
    event: JSON = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query_string,
        "headers": headers | {"x-forwarded-proto": "https", "x-forwarded-for": request.remote or ""},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "sandbox0123456789",
            "domainName": domain,
            "domainPrefix": "sandbox0123456789",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.remote,
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": bool(body) and not text,
    }
    if request.query:
        event["queryStringParameters"] = {name: ",".join(request.query.getall(name)) for name in request.query}
    if body:
        event["body"] = body.decode() if text else base64.b64encode(body).decode()
    return event


def response_of(answer: JSON) -> web.Response:
    """Read a function's answer: an object with a status, or anything else as the body of a 200."""
    if "statusCode" not in answer:
        return web.Response(text=json.dumps(answer), content_type="application/json")
    headers = {name: value for name, value in answer.get("headers", {}).items() if name.lower() != "content-length"}
    text = answer.get("body", "")
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    return web.Response(status=answer["statusCode"], headers=headers, body=body)


def authentic(request: web.Request, body: bytes) -> bool:
    """Whether a request is signed (Signature Version 4) with the sandbox's credentials, for Lambda, a moment ago."""
    found = AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    stamp = request.headers.get("X-Amz-Date", "")
    if found is None or request.headers.get("X-Amz-Security-Token") != SESSION:
        return False
    key, day, region, service, names, signature = found.groups()
    # Each function has a key of its own, with the same secret.
    if not key.startswith(KEY_ID) or (region, service) != (REGION, "lambda") or "host" not in names.split(";"):
        return False
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    if abs(time.time() - at) > WINDOW or not stamp.startswith(day):
        return False
    signed = {name: request.headers.get(name, "") for name in names.split(";")}
    again = AWSRequest(method=request.method, url=str(request.url), headers=signed, data=body)
    again.context["timestamp"] = stamp
    signer = SigV4Auth(ReadOnlyCredentials(KEY_ID, SECRET_KEY, SESSION), service, region)
    expected = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    return bool(expected == signature)


def arn_of_queue(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
