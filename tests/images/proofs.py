"""What each of the three images must do, and what it must be."""

import json
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.handlers import event_of
from tests.docker.test_functions import VALUES
from tests.images import contents
from tests.images.container import Function, served
from tests.images.engine import Engine
from tests.sandbox.servers import Servers

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "common/samples/cat.jpg"
SETTINGS = {name.removesuffix("_PARAMETER"): value for name, value in VALUES.items()} | {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_METRICS_NAMESPACE": "captionbot",
}


@dataclass(frozen=True)
class Proof:
    """An image, where its lock's packages lie in it, and how it is tried; calling it yields what was seen.

    Raises AssertionError, RuntimeError or FunctionError.
    """

    name: str
    folder: str
    base: str
    ours: dict[str, str]
    tried: Callable[[Engine, str, Path], Iterator[str]]

    @property
    def image(self) -> str:
        """What it is tagged."""
        return "captionbot" if self.name == "bot" else f"captionbot-{self.name}"

    @property
    def dockerfile(self) -> Path:
        """What it is built from."""
        return ROOT / f"docker/{self.name}.Dockerfile"

    def __call__(self, engine: Engine, work: Path) -> Iterator[str]:
        """Look through the image, then try it."""
        paths = contents.files(engine, self.image)
        wanted = contents.locked((ROOT / f"docker/requirements/{self.name}.txt").read_text()) | self.ours
        wrong = contents.differences(contents.packages(paths, self.folder), wanted)
        assert not wrong, "the packages are not the lock's:\n" + "\n".join(wrong)
        yield f"its {len(wanted)} packages are the lock's"
        bad = contents.unwanted(paths, contents.files(engine, self.base))
        assert not bad, "what only builds or tests need:\n" + "\n".join(bad[:20])
        yield "no compiler, no cache, no test"
        yield from self.tried(engine, self.image, work)


def _serves(engine: Engine, image: str, _: Path) -> Iterator[str]:
    version = engine.run("run", "--rm", image, "--version")
    yield f"--version: {version}"
    with served(engine, image, "serve", "--host", "0.0.0.0", "--port", "8000", port=8000) as container:
        who = container.python("import os; print(os.getuid(), os.getgid())")
        assert who == "10001 10001", f"it runs as {who}"
        closed = container.python(
            "import os\n"
            "for folder in ('/', '/captionbot', '/var/lib/captionbot', '/usr/local'):\n"
            "    try: open(os.path.join(folder, 'x'), 'w')\n"
            "    except OSError: continue\n"
            "    print(folder)"
        )
        assert not closed, f"it can write to {closed}"
        yield f"as user 10001, with a root that is read-only, it answers {container.start:.1f} s after it was started"
        for path in ("/", "/ping"):
            with urllib.request.urlopen(container.url + path, timeout=60) as answer:
                assert answer.status == 200
        request = urllib.request.Request(
            f"{container.url}/caption", PHOTO.read_bytes(), {"Content-Type": "image/jpeg"}, method="POST"
        )
        started = time.monotonic()
        with urllib.request.urlopen(request, timeout=120) as answer:
            caption = json.load(answer)["caption"]
        assert caption
        yield f"{PHOTO.name}: {caption} ({time.monotonic() - started:.2f} s)"
    yield "told to stop, it ends with 0"


def _captions(engine: Engine, image: str, work: Path) -> Iterator[str]:
    with _servers() as servers:
        function = _function(servers, engine, image, "inference.handler.handler", work, {"CAPTION_DEADLINE": "60"})
        warm, answer = function.answers([{"warm": True}, event_of(PHOTO.read_bytes())])
    assert warm == {"warm": True}, warm
    caption = json.loads(answer["body"]).get("caption")
    assert answer["statusCode"] == 200 and caption, answer
    yield f"{function.handler}, as a user without rights: starts in {function.start:.1f} s; {PHOTO.name}: {caption}"


def _answers_warm(engine: Engine, image: str, work: Path) -> Iterator[str]:
    with _servers() as servers:
        for part in ("slack", "telegram", "worker"):
            function = _function(servers, engine, image, f"webhooks.aws.{part}.handler", work, SETTINGS)
            [warm] = function.answers([{"warm": True}])
            assert warm == {"warm": True}, warm
            yield f"{function.handler}, as a user without rights: starts in {function.start:.1f} s and answers"


@contextmanager
def _servers() -> Iterator[Servers]:
    servers = Servers("runtime-api")
    servers.start()
    try:
        yield servers
    finally:
        servers.stop()


def _function(
    servers: Servers, engine: Engine, image: str, handler: str, work: Path, settings: Mapping[str, str]
) -> Function:
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "image", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", **settings}
    return Function(servers, engine, image, handler, environment, work / f"{handler}.log")


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ALL = (
    Proof(
        "bot",
        "captionbot/lib/python3.12/site-packages",
        "python:3.12-slim-trixie",
        {PROJECT["name"]: PROJECT["version"]},
        _serves,
    ),
    Proof("inference", "var/task", "public.ecr.aws/lambda/python:3.12", {}, _captions),
    Proof("webhooks", "var/task", "public.ecr.aws/lambda/python:3.12", {}, _answers_warm),
)
