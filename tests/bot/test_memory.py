"""A message of ten photos as heavy as they may be does not kill the worker."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.memory import peak
from tests.sandbox.slack_photos import Upload
from tests.webhooks.local.machine import Machine, machine

SIZE = (8660, 5773)  # 50 megapixels
ALLOWED = 1024 * 1024 * 1024  # bytes: the worker of docker/template.yaml


def heavy(mode: str) -> bytes:
    """A PNG of more bytes than travel as they are, and few enough to be taken."""
    noise = Image.frombytes("L", (1200, 1000), os.urandom(1_200_000))
    image = Image.new(mode, SIZE)
    how: dict[str, int] = {}
    if mode == "I;16":
        image.paste(Image.frombytes(mode, noise.size, os.urandom(2_400_000)))
    elif mode == "P":
        image.putpalette([level for color in range(256) for level in (color, color, color)])
        image.paste(noise)
        how = {"transparency": 0}
    else:
        image.paste(Image.merge(mode, [noise] * len(image.getbands())))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1, **how)
    return out.getvalue()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        here.slack.sender.timeout = 30
        yield here


def test_ten_photos_of_fifty_megapixels_are_captioned_within_a_gigabyte(here: Machine) -> None:
    images = [heavy(mode) for mode in ("P", "I;16", "RGBA", "RGB")]
    assert all(1_000_000 < len(image) < 6_000_000 for image in images)
    here.start_door()
    worker = here.start_worker()
    photos = [Upload(images[number % 4], f"{number}.png", renditions=False) for number in range(10)]
    sent = here.slack.upload("C0GENERAL", photos)
    here.slack.wait_until(lambda: here.slack.replies(sent), 280)
    most = peak(worker.pid)
    print(f"the worker took {most / 1024 / 1024:.0f} MB at most")
    assert most < ALLOWED
    lines = here.slack.replies(sent)[0].text.splitlines()
    assert ["photo like" in line for line in lines] == [True] * 10
