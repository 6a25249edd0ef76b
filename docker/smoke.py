"""Ask a captioning function for one caption: through `aws lambda invoke`, or through the emulator in AWS's images.

python3 docker/smoke.py event PHOTO >event.json       what a Function URL makes of `curl --data-binary @PHOTO`
python3 docker/smoke.py check <response.json          prints the caption, or says what came instead and exits with 1
"""

import base64
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def event(photo: Path) -> dict[str, Any]:
    """Make the event of a POST /caption, payload version 2.0.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/caption",
        "rawQueryString": "",
        "headers": {"content-type": "application/octet-stream", "host": "captioner"},
        "requestContext": {
            "domainName": "captioner",
            "http": {"method": "POST", "path": "/caption", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "body": base64.b64encode(photo.read_bytes()).decode(),
        "isBase64Encoded": True,
    }


def caption(response: str) -> str:
    """Read the caption from a function's response. Raises ValueError with what was there instead."""
    try:
        answer = json.loads(response)
        text: str = json.loads(answer["body"])["caption"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"no caption: {response[:2000]}") from None
    if answer["statusCode"] != 200 or not text:
        raise ValueError(f"no caption: {response[:2000]}")
    return text


def sentence(answer: Any) -> str:  # noqa: ANN401 (JSON)
    """Read what a function failed with: our own errors say what to do."""
    return str(answer["errorMessage"] if isinstance(answer, dict) and "errorMessage" in answer else answer)


def knock(url: str) -> int:
    """Deliver something that proves nothing to a front door; returns the status of its answer, 0 for none."""
    try:
        with urllib.request.urlopen(url, b"{}", timeout=30) as answer:  # noqa: S310 (the stack's own output)
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0


def main(arguments: list[str]) -> None:
    """Run one of the two commands."""
    match arguments:
        case ["event", photo]:
            print(json.dumps(event(Path(photo))))
        case ["check"]:
            try:
                print(caption(sys.stdin.read()))
            except ValueError as error:
                sys.exit(str(error))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
