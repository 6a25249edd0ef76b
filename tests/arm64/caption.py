"""Give events to the captioner's Lambda handler and print its captions, on whatever processor this Python runs."""

import json
import sys
from pathlib import Path


class Context:
    """An invocation with an hour left: an emulated processor needs its time."""

    def get_remaining_time_in_millis(self) -> int:
        return 3_600_000


def main(events: list[Path]) -> None:
    from inference.handler import handler

    assert handler({"warm": True}, Context()) == {"warm": True}
    for event in events:
        answer = handler(json.loads(event.read_text()), Context())
        assert answer["statusCode"] == 200, answer
        print(event.stem, json.loads(answer["body"])["caption"], sep=": ", flush=True)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
