"""A Lambda handler in a fresh process: `python -m tests.bench.handlers HANDLER PHOTO`.

It is given the photo twice, as a Function URL would (payload version 2.0, a form in base64). Its last line is JSON:
milliseconds of its init (the import of its module), of the `first` and the `second` photo, the most `memory` in
megabytes until the first caption, and when that was there (`done`, on the system's monotonic clock, in seconds).
"""

import base64
import importlib
import json
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.memory import peak

BOUNDARY = "captionbot-bench"
DOMAIN = "bench.lambda-url.eu-central-1.on.aws"


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 600_000


def event_of(photo: bytes) -> dict[str, Any]:
    """The event of a POST /caption with a photo in a form."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    http = {"method": "POST", "path": "/caption", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/caption",
        "rawQueryString": "",
        "headers": {
            "content-type": f"multipart/form-data; boundary={BOUNDARY}",
            "content-length": str(len(body)),
            "host": DOMAIN,
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "bench",
            "domainName": DOMAIN,
            "domainPrefix": "bench",
            "http": http,
            "requestId": "bench",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def main() -> None:
    module, _, name = sys.argv[1].rpartition(".")
    event, context = event_of(Path(sys.argv[2]).read_bytes()), Context()
    marks = [time.monotonic()]
    handler = getattr(importlib.import_module(module), name)
    marks.append(time.monotonic())
    answers = [handler(event, context)]
    marks.append(time.monotonic())
    memory = peak(os.getpid()) / 1e6
    answers.append(handler(event, context))
    marks.append(time.monotonic())
    for answer in answers:
        assert answer["statusCode"] == 200, answer
        assert "caption" in json.loads(answer["body"]), answer  # random models may say nothing that is written
    init, first, second = (1e3 * (after - before) for before, after in pairwise(marks))
    found = {"init": init, "first": first, "second": second, "memory": memory, "done": marks[2]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
