"""A server that has answered hundreds of requests, good and bad, holds no more memory than it did after the first."""

import os
from pathlib import Path

from PIL import Image

from common.contract import MAX_IMAGE_BYTES
from tests.commands import running
from tests.inference.images import animation, encoded, pixel_bomb
from tests.inference.serving import connected, post
from tests.memory import resident
from tests.ports import free_port, wait_for_port

NOISE = Image.frombytes("RGB", (1000, 800), os.urandom(1000 * 800 * 3))
JPEG = encoded(NOISE, "JPEG", quality=80)  # 0.5 MB; 2.4 MB once decoded
LARGEST = JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG))
BODIES = [
    JPEG,
    encoded(NOISE.convert("RGBA").resize((600, 400)), "PNG"),
    JPEG[:-50_000],
    LARGEST,
    LARGEST + b"x",
    bytes(MAX_IMAGE_BYTES),
    pixel_bomb(),
    animation(1000),
    b"",
]
ROUNDS = 15
ALLOWED = 48 * 1024 * 1024  # bytes: if every request left so much as that JPEG behind, they would be 140 million


def one_round(url: str) -> set[int]:
    answers = [post(url, content=body) for body in BODIES]
    answers += [post(url, files={"image": body}) for body in BODIES]
    with connected(url) as connection:
        half = b"Host: x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (2 * len(JPEG))
        connection.sendall(b"POST /caption HTTP/1.1\r\n" + half + JPEG)
    return {answer.status_code for answer in answers}


def test_memory_stays_flat(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running("serve", "--port", str(port), cwd=tmp_path) as server:
        wait_for_port(port)
        for _ in range(ROUNDS // 3):
            assert one_round(url) == {200, 400, 413, 415}
        before = resident(server.pid)
        for _ in range(ROUNDS):
            one_round(url)
        assert resident(server.pid) - before < ALLOWED
