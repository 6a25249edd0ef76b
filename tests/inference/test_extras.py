"""What a request may ask for beside its caption, pages of other origins, and metrics, over a real socket."""

import json
import re
import shutil
import subprocess
from typing import get_args

import httpx
import pytest

from common.contract import Detail
from inference.captioner import Captioner, ModelError
from inference.loading import load_captioner
from inference.settings import InferenceSettings
from tests.inference.serving import JPEG, PATIENT, Painter, Slow, eventually, post, refused, serving

# --- confidence and alternatives -------------------------------------------------------------------------------------


def test_a_caption_says_how_sure_it_is(url: str) -> None:
    body = post(url, content=JPEG).json()
    assert 0 < body["confidence"] < 1
    assert "alternatives" not in body


@pytest.mark.parametrize("wanted", [1, 3, 5])
def test_alternatives_are_other_captions_each_with_its_own_confidence(url: str, wanted: int) -> None:
    alone = post(url, content=JPEG).json()
    body = post(url, content=JPEG, params={"alternatives": wanted}).json()
    assert (body["caption"], body["confidence"]) == (alone["caption"], alone["confidence"])
    others = body["alternatives"]
    assert len(others) == wanted
    assert len({body["caption"], *(other["caption"] for other in others)}) == wanted + 1
    assert all(0 < other["confidence"] < 1 for other in others)


@pytest.mark.parametrize("wanted", ["6", "-1", "many", "", "1.5", "٣", "9" * 5000])
def test_no_number_of_alternatives_is_refused(url: str, wanted: str) -> None:
    assert "`alternatives=3`" in refused(post(url, content=JPEG, params={"alternatives": wanted}), 400, "bad_request")


def test_where_it_is_not_known_nothing_is_said_of_confidence() -> None:
    with serving(PATIENT, Slow(0)) as url:
        assert set(post(url, content=JPEG).json()) == {"caption", "processing_time", "status"}
        assert post(url, content=JPEG, params={"alternatives": 2}).json()["alternatives"] == []


# --- short or detailed -----------------------------------------------------------------------------------------------


def test_a_detail_that_it_cannot_give_is_refused_by_the_endpoint(url: str) -> None:
    message = refused(post(url, content=JPEG, params={"detail": "detailed"}), 501, "detail_unavailable")
    assert "`detail=short`" in message
    assert post(url, content=JPEG, params={"detail": "short"}).status_code == 200


@pytest.mark.parametrize("wanted", ["", "long", "Detailed", "short,detailed"])
def test_any_other_detail_is_refused(url: str, wanted: str) -> None:
    assert "`detail=detailed`" in refused(post(url, content=JPEG, params={"detail": wanted}), 400, "bad_request")


def test_a_detail_reaches_the_model_and_without_one_the_setting_counts() -> None:
    for usual in get_args(Detail):
        with serving(InferenceSettings(caption_deadline=600, caption_detail=usual), Painter()) as url:
            for asked in (None, *get_args(Detail)):
                params = {"detail": asked} if asked else {}
                said = json.loads(post(url, content=JPEG, params=params).json()["caption"])
                assert said["detail"] == (asked or usual)


def test_the_starter_does_not_start_where_more_is_asked_of_it_than_it_can() -> None:
    with pytest.raises(ModelError, match=r"CAPTION_DETAIL=detailed is set, and starter .*`captionbot models`"):
        load_captioner(InferenceSettings(caption_detail="detailed"))
    with pytest.raises(ModelError, match=r"CAPTION_PROMPT is set, and starter takes no prompt"):
        load_captioner(InferenceSettings(caption_prompt="a photograph of"))


# --- pages of other origins ------------------------------------------------------------------------------------------

PAGE = "https://pages.example"


def test_no_page_is_let_in_unless_it_is_named(url: str) -> None:
    answer = post(url, content=JPEG, headers={"Origin": PAGE})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_named_page_may_send_a_photo_and_read_what_it_needs(captioner: Captioner) -> None:
    origins = frozenset({f"{PAGE}/", "http://localhost:3000"})
    with serving(InferenceSettings(caption_deadline=600, cors_origins=origins), captioner) as url:
        asked = httpx.options(
            f"{url}/caption",
            headers={
                "Origin": PAGE,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            },
        )
        assert asked.status_code == 200
        assert asked.headers["Access-Control-Allow-Origin"] == PAGE
        allowed = asked.headers["Access-Control-Allow-Headers"].lower()
        assert "authorization" in allowed and "content-type" in allowed
        for body, status in ((JPEG, 200), (b"no photo", 415)):
            answer = post(url, content=body, headers={"Origin": PAGE})
            assert answer.status_code == status
            assert answer.headers["Access-Control-Allow-Origin"] == PAGE
            exposed = answer.headers["Access-Control-Expose-Headers"]
            assert "Server-Timing" in exposed and "Retry-After" in exposed
        stranger = post(url, content=JPEG, headers={"Origin": "https://elsewhere.example"})
        assert "Access-Control-Allow-Origin" not in stranger.headers


# --- metrics ---------------------------------------------------------------------------------------------------------


def figures(url: str) -> dict[str, float]:
    answer = httpx.get(f"{url}/metrics", timeout=60)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_requests_are_counted_by_their_outcome_and_their_stages_are_timed(captioner: Captioner) -> None:
    with serving(PATIENT, captioner) as url:
        assert figures(url)["captionbot_encode_seconds_count"] == 0
        for body in (JPEG, JPEG, b"no photo", b""):
            post(url, content=body)
        httpx.get(f"{url}/nothing")
        httpx.get(f"{url}/caption")
        assert eventually(lambda: figures(url).get('captionbot_requests_total{outcome="success"}') == 2)
        found = figures(url)
    assert found['captionbot_requests_total{outcome="unsupported_format"}'] == 1
    assert found['captionbot_requests_total{outcome="empty_image"}'] == 1
    assert found['captionbot_requests_total{outcome="method_not_allowed"}'] == 1
    assert found['captionbot_refusals_total{reason="unsupported_format"}'] == 1
    assert sum(value for name, value in found.items() if name.startswith("captionbot_requests_total")) == 5
    for stage in ("screen", "encode", "decode", "answer"):
        assert found[f"captionbot_{stage}_seconds_count"] == 2
        assert found[f'captionbot_{stage}_seconds_bucket{{le="+Inf"}}'] == 2
        assert 0 < found[f"captionbot_{stage}_seconds_sum"] < 600
        assert found[f'captionbot_{stage}_seconds_bucket{{le="60.0"}}'] == 2
    assert found["captionbot_waiting"] == 0
    assert found["process_resident_memory_bytes"] > 0


def test_what_metrics_say_is_well_formed(url: str) -> None:
    post(url, content=JPEG)
    text = httpx.get(f"{url}/metrics", timeout=60).text
    assert re.search(r"^# HELP captionbot_cold_starts_total ", text, re.MULTILINE)
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on this machine: apt-get install prometheus")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
