"""The compose file of a release, run by podman-compose: profiles, health, the shared volume, restarts.

podman has no timer for health checks where there is no systemd, so each is run here. docker compose does all of that by
itself, in GitHub's own workflow (`ci.yml`).
"""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.images.engine import Engine
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PODMAN_COMPOSE = ("uvx", "--quiet", "--from", "podman-compose==1.6.0", "podman-compose", "--no-ansi")
PROJECT = "captionbot-images"
SERVICES = ("inference", "web", "door", "worker")
PATIENCE = 180.0  # seconds until everything is healthy on a busy machine


def prove(engine: Engine, image: str, folder: Path) -> Iterator[str]:
    """Run the bot behind a webhook; yields what was seen. Raises AssertionError or RuntimeError."""
    folder.mkdir(exist_ok=True)
    (folder / "models").mkdir(exist_ok=True)
    (folder / ".env").write_text("TELEGRAM_WEBHOOK_SECRET=secret\nTELEGRAM_BOT_TOKEN=1:token\n")
    ports = {port: free_port() for port in (8000, 8080, 8501)}
    (folder / "compose.yaml").write_text(_file(f"localhost/{image}:latest", ports))
    _compose(engine, folder, "up", "--detach")
    try:
        for service in SERVICES:
            _wait_for(engine, service)
        names = engine.run("ps", "--filter", f"name={PROJECT}", "--format", "{{.Names}}").split()
        assert set(names) == {_name(service) for service in SERVICES}, names
        yield "compose: the profile's four services are up and healthy, and no other is"
        assert _status(f"http://127.0.0.1:{ports[8080]}/telegram/webhook") == 401
        inbox = engine.run("exec", _name("door"), "ls", "/var/lib/captionbot").split()
        assert any(name.endswith("-worker-1.lock") for name in inbox), inbox
        yield "compose: the door turns a stranger away, and shares its inbox with the worker"
        before = _captioned(ports[8000])
        engine.run("exec", _name("inference"), "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
        _wait_for(engine, "inference")
        restarts = engine.run("inspect", "--format", "{{.RestartCount}}", _name("inference"))
        assert int(restarts) > 0 and _captioned(ports[8000]) == before
        yield "compose: a captioner whose process ended is started again"
    finally:
        _compose(engine, folder, "down", "--volumes")


def _file(image: str, ports: dict[int, int]) -> str:
    made = subprocess.run(
        [sys.executable, ROOT / "docker/release.py", "compose", image], capture_output=True, text=True, check=True
    ).stdout
    for inside, outside in ports.items():
        made = made.replace(f"127.0.0.1:{inside}:{inside}", f"127.0.0.1:{outside}:{inside}")
    # Debian's podman does not know it.
    return re.sub(r"^ *start_interval: .*\n", "", made, flags=re.MULTILINE)


def _compose(engine: Engine, folder: Path, *arguments: str) -> None:
    uvx = [str(Path(sys.executable).with_name(PODMAN_COMPOSE[0])), *PODMAN_COMPOSE[1:]]
    done = subprocess.run(
        [*uvx, "--project-name", PROJECT, "--profile", "webhooks", *arguments],
        cwd=folder,
        env=engine.environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"podman-compose {arguments[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def _name(service: str) -> str:
    return f"{PROJECT}_{service}_1"


def _wait_for(engine: Engine, service: str) -> None:
    end = time.monotonic() + PATIENCE
    while not engine.succeeds("healthcheck", "run", _name(service)):
        if time.monotonic() > end:
            raise RuntimeError(f"compose: {service} is not healthy:\n{engine.run('logs', _name(service))}")
        time.sleep(1)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, b"{}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def _captioned(port: int) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/caption",
        (ROOT / "common/samples/cat.jpg").read_bytes(),
        {"Content-Type": "image/jpeg"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        caption: str = json.load(answer)["caption"]
    return caption
