"""What a bot would ask of the fake Bot API, without any framework in between."""

from typing import Any

import httpx

from tests.sandbox.telegram import TelegramSandbox


def call(sandbox: TelegramSandbox, method: str, **arguments: object) -> Any:  # noqa: ANN401 (whatever the method gives)
    """Call a method; returns its result, or (status, description) of an error."""
    answer = httpx.post(f"{sandbox.url}/bot{sandbox.world.token}/{method}", json=arguments, timeout=60).json()
    return answer["result"] if answer["ok"] else (answer["error_code"], answer["description"])
