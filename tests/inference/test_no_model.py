"""An endpoint whose model can't be loaded, over a real socket: it says so, and is unhealthy."""

import logging
import shutil
from pathlib import Path

import httpx
import pytest

from inference.loading import STARTER
from inference.manifest import DECODER, ENCODER, MANIFEST, TOKENIZER
from inference.settings import InferenceSettings
from tests.inference.serving import JPEG, post, refused, serving


def is_without_model(url: str) -> None:
    answer = post(url, content=JPEG)
    assert "model" in refused(answer, 503, "overloaded")
    assert answer.headers["Retry-After"]
    assert httpx.get(f"{url}/").status_code == 503
    ping = httpx.get(f"{url}/ping")
    assert (ping.status_code, ping.json()["ready"]) == (200, False)


@pytest.mark.parametrize("harm", ["missing", "truncated", "altered"])
@pytest.mark.parametrize("part", [ENCODER, DECODER, TOKENIZER, MANIFEST])
def test_a_model_folder_that_is_not_whole_is_named_in_the_log(
    tmp_path: Path, part: str, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = tmp_path / "model"
    shutil.copytree(STARTER, model)
    content = bytearray((model / part).read_bytes())
    (model / part).unlink()
    if harm == "truncated":
        (model / part).write_bytes(content[:-20])
    elif harm == "altered":
        content[len(content) // 2] ^= 64
        (model / part).write_bytes(content)
    with serving(InferenceSettings(caption_model=str(model))) as url:
        is_without_model(url)
    [record] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert str(model) in record.getMessage()


def test_a_folder_that_is_no_model_is_named_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(InferenceSettings(caption_model=str(tmp_path), caption_engine="torch", caption_deadline=300)) as url:
        is_without_model(url)
    assert str(tmp_path) in caplog.text
