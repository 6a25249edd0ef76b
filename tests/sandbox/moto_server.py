"""moto's server, as `tests.sandbox.aws` starts it: `python -m tests.sandbox.moto_server PORT CALLS [cloudformation]`.

In the file CALLS it notes each call, a line each: the access key that it was signed with, and what IAM calls it
("sqs:SendMessage").
"""

import io
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

CREDENTIAL = re.compile(r"Credential=(\w+)/\d{8}/[\w-]+/([\w-]+)/aws4_request")

Environ = dict[str, Any]


class Recorder:
    """A WSGI application around another one."""

    def __init__(self, app: Callable[[Environ, Any], Iterable[bytes]], calls: Path) -> None:
        self._app, self._calls = app, calls

    def __call__(self, environ: Environ, start_response: object) -> Iterable[bytes]:
        if found := CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")):
            with self._calls.open("a") as calls:
                calls.write(f"{found[1]} {found[2]}:{_action(environ)}\n")
        return self._app(environ, start_response)


def _action(environ: Environ) -> str:
    """Read which action is called: from a header in AWS's JSON protocol, from the body in its query protocol."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]


if __name__ == "__main__":
    if "cloudformation" in sys.argv:
        # It takes seconds to import, and most tests need nothing of it.
        from tests.sandbox import cloudformation

        cloudformation.install()
    served = Recorder(DomainDispatcherApplication(create_backend_app), Path(sys.argv[2]))
    run_simple("127.0.0.1", int(sys.argv[1]), served, threaded=True)
