"""`captionbot serve`, as somebody starts it."""

import json
import shutil
import socket
from pathlib import Path

import httpx
import pytest

from inference.loading import STARTER
from inference.manifest import DECODER
from tests.commands import captionbot, running
from tests.inference.images import encoded, photo
from tests.ports import free_port, wait_for_port

JPEG = encoded(photo(), "JPEG")
KEY = "the-key-of-test-serve-0123456789"


def test_it_captions_over_http_until_it_is_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    with running("serve", "--port", str(port), cwd=tmp_path, settings={"INFERENCE_API_KEY": KEY}) as process:
        wait_for_port(port)
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{url}/ping").json()["ready"]
        assert httpx.post(f"{url}/caption", content=JPEG).status_code == 401
        answer = httpx.post(f"{url}/caption", content=JPEG, headers={"Authorization": f"Bearer {KEY}"})
        assert answer.json()["caption"]
    assert process.returncode in {0, -15}
    lines = [json.loads(line) for line in (tmp_path / "log.txt").read_text().splitlines()]
    assert any(line["message"] == "listening" and str(port) in line["address"] for line in lines)
    assert [line["status"] for line in lines if line.get("path") == "/caption"] == [401, 200]
    assert KEY not in (tmp_path / "log.txt").read_text()


def test_it_listens_on_ipv6_too(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    port = free_port()
    with running("serve", "--host", "::1", "--port", str(port), cwd=tmp_path):
        wait_for_port(port, host="::1")
        assert httpx.get(f"http://[::1]:{port}/ping").status_code == 200


def test_a_port_in_use_says_so_and_how_to_name_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = captionbot("serve", "--host", "127.0.0.1", "--port", port, cwd=tmp_path)
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "in use" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", "70000"), ("192.0.2.1", "8000"), ("no such host", "8000")])
def test_where_nobody_can_listen_is_said_in_a_sentence(tmp_path: Path, host: str, port: str) -> None:
    done = captionbot("serve", "--host", host, "--port", port, cwd=tmp_path)
    assert done.returncode == 1
    assert f"Port {port} of {host} can't be listened on" in done.stderr


def test_every_wrong_setting_is_named(tmp_path: Path) -> None:
    done = captionbot(
        "serve",
        cwd=tmp_path,
        settings={"CAPTION_ENGINE": "steam", "CAPTION_DEADLINE": "-1", "CAPTION_CONCURRENCY": "many"},
    )
    assert done.returncode == 2
    for setting in ("CAPTION_ENGINE", "CAPTION_DEADLINE", "CAPTION_CONCURRENCY"):
        assert setting in done.stderr


@pytest.mark.parametrize("harm", ["missing", "truncated", "altered"])
def test_a_model_folder_that_is_not_whole_is_not_served(tmp_path: Path, harm: str) -> None:
    model = tmp_path / "model"
    shutil.copytree(STARTER, model)
    content = (model / DECODER).read_bytes()
    if harm == "missing":
        (model / DECODER).unlink()
    else:
        (model / DECODER).write_bytes(content[:-100] if harm == "truncated" else content[:-1] + b"x")
    done = captionbot("serve", "--port", str(free_port()), cwd=tmp_path, settings={"CAPTION_MODEL": str(model)})
    assert done.returncode == 1
    assert f"{model / DECODER} is {'missing' if harm == 'missing' else 'truncated or altered'}" in done.stderr


def test_help_tells_the_default_port(tmp_path: Path) -> None:
    done = captionbot("serve", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "8000" in done.stdout
