"""Models that only the torch engine runs, over the real endpoint: asked in their own way, answered in plain words."""

import re
import threading
import time
from pathlib import Path

import pytest

from inference import hub
from inference.auto_engine import AutoCaptioner
from inference.captioner import Cancelled, Captioner, Deadline, DeadlineExceeded, ModelError
from inference.export.exporter import export
from inference.loading import load_captioner
from inference.settings import InferenceSettings
from tests.inference import checkpoints, talkers
from tests.inference.serving import JPEG, PATIENT, post, serving

MARKS = re.compile(r"<[^>]*>|\[UNK\]|##|�|[ĠĊ]|  ")


@pytest.fixture(scope="module", params=sorted(talkers.TALKERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def source(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return talkers.TALKERS[kind](tmp_path_factory.mktemp(kind))


@pytest.fixture(scope="module")
def captioner(source: Path) -> Captioner:
    return load_captioner(InferenceSettings(caption_model=str(source), caption_engine="torch"))


def test_it_captions_over_the_endpoint_without_a_mark_in_its_words(captioner: Captioner) -> None:
    with serving(PATIENT, captioner) as url:
        for detail in ("short", "detailed"):
            answer = post(url, content=JPEG, params={"detail": detail, "alternatives": 1})
            assert answer.status_code == 200, answer.text
            body = answer.json()
            for text in (body["caption"], *(other["caption"] for other in body["alternatives"])):
                assert text
                assert not MARKS.search(text)
                assert text.isprintable() and text == text.strip()
            assert "confidence" not in body
            timing = answer.headers["Server-Timing"]
            assert "encode;dur=" in timing and "decode;dur=" in timing


def test_another_question_gets_another_answer(captioner: Captioner, source: Path, kind: str) -> None:
    photo = checkpoints.photo(3)
    said = {captioner.caption(photo, Deadline.after(60), detail=detail).text for detail in captioner.details}
    own = AutoCaptioner(hub.find(str(source)), 2, "word7 word8 word9")
    assert len({*said, own.caption(photo, Deadline.after(60)).text}) == 3


def test_its_deadline_is_kept_while_it_writes(captioner: Captioner) -> None:
    photo = checkpoints.photo(1)
    with pytest.raises(DeadlineExceeded):
        captioner.caption(photo, Deadline.after(0))
    with pytest.raises(DeadlineExceeded):
        captioner.caption(photo, Deadline.after(0.001), detail="detailed")
    assert captioner.caption(photo, Deadline.after(60)).text  # and the next photo has its turn


def test_a_client_that_hangs_up_ends_the_work(captioner: Captioner) -> None:
    deadline = Deadline.after(60)
    threading.Timer(0.05, deadline.cancel).start()

    def caption_for_ever() -> None:
        while True:
            captioner.caption(checkpoints.photo(1), deadline, detail="detailed")

    with pytest.raises(Cancelled):
        caption_for_ever()


def test_the_exporter_says_which_engine_runs_it(source: Path, kind: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"is a {kind} model, .*set CAPTION_ENGINE=torch"):
        export(hub.find(str(source)), tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


def test_a_photo_waits_for_the_one_before_it_no_longer_than_its_deadline(tmp_path: Path) -> None:
    captioner = AutoCaptioner(hub.find(str(talkers.llava(tmp_path))), 1)
    with captioner._turn:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            captioner.caption(checkpoints.photo(1), Deadline.after(0.1))
        assert time.monotonic() - started < 30


def test_a_chat_template_is_used_where_there_is_one(tmp_path: Path) -> None:
    plain = AutoCaptioner(hub.find(str(talkers.llava(tmp_path / "plain"))), 1)
    chatty = AutoCaptioner(hub.find(str(talkers.llava(tmp_path / "chatty", talkers.CHAT))), 1)
    said = [
        one._processor.tokenizer.decode(one._given(checkpoints.photo(1), "short")["input_ids"][0])
        for one in (plain, chatty)
    ]
    question = "Describe this photo in one short sentence."
    assert said[0].startswith("USER: <image>") and said[0].endswith(f"{question} ASSISTANT:")
    assert said[1].startswith("<start>user:<image>") and said[1].endswith(f"{question}<end>\nassistant:")


def test_a_template_that_is_broken_is_told_at_the_start(tmp_path: Path) -> None:
    source = talkers.llava(tmp_path, "{{ messages.nothing.at_all }}")
    with pytest.raises(ModelError, match="cannot be asked for a caption"):
        AutoCaptioner(hub.find(str(source)), 1)


def test_weights_that_transformers_would_make_up_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    source = talkers.llava(tmp_path)
    weights = load_file(source / "model.safetensors")
    lost = next(name for name in weights if "mlp" in name)
    save_file(
        {name: weight for name, weight in weights.items() if name != lost},
        source / "model.safetensors",
        {"format": "pt"},
    )
    with pytest.raises(ModelError, match="lacks 1 of the weights of a llava model"):
        AutoCaptioner(hub.find(str(source)), 1)
