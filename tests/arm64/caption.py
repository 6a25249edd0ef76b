"""Caption sample photos with the Lambda handler, one line each, on whatever processor this Python runs."""

import base64
import json
import sys
from pathlib import Path
from typing import Any


class Context:
    """An invocation with an hour left: an emulated processor needs its time."""

    def get_remaining_time_in_millis(self) -> int:
        return 3_600_000


def event(photo: Path) -> dict[str, Any]:
    """A Function URL's event, payload version 2.0, as Lambda makes one of `curl --data-binary @photo`."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/caption",
        "rawQueryString": "",
        "headers": {"content-type": "image/jpeg", "host": "captioner"},
        "requestContext": {
            "domainName": "captioner",
            "http": {"method": "POST", "path": "/caption", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "body": base64.b64encode(photo.read_bytes()).decode(),
        "isBase64Encoded": True,
    }


def main(photos: list[Path]) -> None:
    from inference.handler import handler

    assert handler({"warm": True}, Context()) == {"warm": True}
    for photo in photos:
        answer = handler(event(photo), Context())
        assert answer["statusCode"] == 200, answer
        print(photo.name, json.loads(answer["body"])["caption"], sep=": ", flush=True)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
