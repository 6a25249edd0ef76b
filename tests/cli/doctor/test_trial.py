"""`captionbot doctor`: what a caption takes on this machine, beside what there is."""

import re

import pytest

from cli.doctor.finding import Status
from cli.doctor.trial import Trial, judge
from tests.cli.doctor.conftest import Machine

MB = 1_000_000


def test_a_caption_is_timed_and_weighed_here(machine: Machine) -> None:
    _, findings = machine.json()
    found = findings["caption here"]
    assert found["area"] == "Model"
    told = re.match(r"([\d.]+) s and ([\d,]+) MB for a photo", found["text"])
    assert told and float(told[1]) > 0 and 50 < float(told[2].replace(",", "")) < 2000


def test_a_model_that_is_too_slow_for_its_deadline_is_told(machine: Machine) -> None:
    machine.environment["CAPTION_DEADLINE"] = "0.0001"
    status, findings = machine.json()
    assert status == 1
    assert "longer than CAPTION_DEADLINE allows (0.0001 s)" in findings["caption here"]["text"]
    assert "captionbot models" in findings["caption here"]["remedy"]


def test_a_detail_that_the_model_cannot_give_is_told(machine: Machine) -> None:
    machine.environment["CAPTION_DETAIL"] = "detailed"
    status, findings = machine.json()
    assert status == 1
    assert "CAPTION_DETAIL=detailed is set, and starter" in findings["caption here"]["text"]


@pytest.mark.parametrize(
    ("trial", "memory", "status", "words"),
    [
        (Trial(1.0, 500 * MB), 8000 * MB, Status.OK, "1.00 s and 500 MB"),
        (Trial(25.0, 500 * MB), 8000 * MB, Status.WRONG, "longer than CAPTION_DEADLINE allows (20 s)"),
        (Trial(12.0, 500 * MB), 8000 * MB, Status.NOTE, "more than half of CAPTION_DEADLINE"),
        (Trial(1.0, 900 * MB), 800 * MB, Status.WRONG, "this machine has 800 MB"),
        (Trial(1.0, 900 * MB), 1000 * MB, Status.NOTE, "this machine has 1,000 MB"),
        (Trial(1.0, 1500 * MB), 8000 * MB, Status.NOTE, "more than a captioner on AWS has by itself (1769 MB)"),
    ],
)
def test_what_it_takes_is_held_against_the_deadline_the_machine_and_the_function(
    trial: Trial, memory: int, status: Status, words: str
) -> None:
    found = judge(trial, 20.0, memory)
    assert (found.status, words in found.text) == (status, True), found
    assert found.remedy or status is Status.OK
    if "AWS" in found.text:
        assert "CaptionerMemory=1875" in found.remedy
