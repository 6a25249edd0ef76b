"""A caption in a process of its own, for `captionbot doctor`: what it takes here, before a photo has to wait for it.

`python -m cli.doctor.trial` captions a sample photo as the settings say and prints one JSON object.
"""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cli.doctor.finding import Finding, note, ok, wrong
from common import samples
from inference.settings import InferenceSettings

SUBJECT = "caption here"
SMALLER = "Choose a smaller model: captionbot models. Or"
FUNCTION = 1769  # MB: CaptionerMemory in docker/template.yaml
SPARE = 1.25  # times as much as was taken should be there
SAMPLE = samples.FOLDER / "cat.jpg"


@dataclass(frozen=True)
class Trial:
    """Seconds of a second caption, for the first one warms up, and the most bytes that the process took."""

    seconds: float
    taken: int


def check_cost(settings: InferenceSettings, seconds: float) -> Finding:
    """Caption a photo as the endpoint would, and compare what that takes with what there is.

    `seconds` is how long it may take. Blocks.
    """
    command = [sys.executable, "-m", "cli.doctor.trial"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True)  # noqa: S603 (ours)
        told = json.loads(done.stdout)
        if "trouble" in told:
            return wrong(SUBJECT, told["trouble"], "Correct the setting; docs/models.md says what each model takes.")
        trial = Trial(**told)
    except subprocess.TimeoutExpired:
        return wrong(SUBJECT, f"the model gave no caption within {seconds:.0f} s on this machine", _more_time(settings))
    except (subprocess.CalledProcessError, ValueError, TypeError):
        text = "the model can be loaded, and captions nothing: its process ended"
        return wrong(SUBJECT, text, f"{SMALLER} give this machine more memory.")
    return judge(trial, settings.caption_deadline, _memory())


def judge(trial: Trial, deadline: float, memory: int) -> Finding:
    """Compare a trial with CAPTION_DEADLINE (seconds), this machine's memory (bytes) and the function's."""
    megabytes, there = trial.taken / 1e6, memory / 1e6
    text = f"{trial.seconds:.2f} s and {megabytes:,.0f} MB for a photo"
    if trial.seconds >= deadline:
        remedy = f"{SMALLER} raise CAPTION_DEADLINE above {trial.seconds * 2:.0f}."
        return wrong(SUBJECT, f"{text}: longer than CAPTION_DEADLINE allows ({deadline:g} s)", remedy)
    if trial.taken > memory:
        return wrong(SUBJECT, f"{text}: this machine has {there:,.0f} MB", f"{SMALLER} give it more memory.")
    if trial.seconds * 2 > deadline:
        remedy = f"{SMALLER} raise CAPTION_DEADLINE."
        return note(SUBJECT, f"{text}: more than half of CAPTION_DEADLINE ({deadline:g} s), with one photo", remedy)
    if trial.taken * SPARE > memory:
        return note(SUBJECT, f"{text}: this machine has {there:,.0f} MB", f"{SMALLER} give it more memory.")
    if megabytes * SPARE > FUNCTION:
        remedy = f"On AWS deploy with CaptionerMemory={megabytes * SPARE:.0f} or more; here it fits."
        return note(SUBJECT, f"{text}: more than a captioner on AWS has by itself ({FUNCTION} MB)", remedy)
    return ok(SUBJECT, text)


def _more_time(settings: InferenceSettings) -> str:
    return f"{SMALLER} raise CAPTION_DEADLINE ({settings.caption_deadline:g} s), and give it more CPUs."


def _memory() -> int:
    """The bytes that a process may take here: the machine's, or those of a container (cgroup v2's `memory.max`)."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return there
    return there if limit == "max" else min(there, int(limit))


def _taken() -> int:
    """The most bytes that this process took at once; getrusage would count what its parent had when it began it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # a Mac, where getrusage counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Caption the sample twice."""
    from common.screening import decode
    from common.settings import read_settings
    from inference.captioner import Deadline, ModelError
    from inference.loading import load_captioner

    settings = read_settings(InferenceSettings)
    try:
        captioner = load_captioner(settings)
    except ModelError as error:
        print(json.dumps({"trouble": str(error)}))
        return
    image, seconds = decode(SAMPLE.read_bytes(), captioner.input_size), 0.0
    for _ in range(2):
        started = time.perf_counter()
        captioner.caption(image, Deadline.after(900), detail=settings.caption_detail)
        seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "taken": _taken()}))


if __name__ == "__main__":
    main()
