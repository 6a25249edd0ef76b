"""How BENCHMARKS.md is written, and what it tells about the machine."""

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.chapters import replace_chapter
from tests.bench.noise import Watch, processor

WHOLE = "# Benchmarks\n\nAbout them.\n\n## One\n\n1\n\n## Two\n\n| 2 |\n\n## Three\n\n3\n"


def test_a_chapter_is_written_in_its_old_place_and_the_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "BENCHMARKS.md"
    target.write_text(WHOLE)
    replace_chapter(target, "Two", "| 22 |\n\nMeasured later.")
    assert target.read_text() == WHOLE.replace("| 2 |", "| 22 |\n\nMeasured later.")


def test_a_new_chapter_comes_last(tmp_path: Path) -> None:
    target = tmp_path / "BENCHMARKS.md"
    target.write_text(WHOLE)
    replace_chapter(target, "Four", "4")
    assert target.read_text() == f"{WHOLE}\n## Four\n\n4\n"


def test_what_other_programs_took_of_the_cores_is_told() -> None:
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.5)
        watch = Watch()
        time.sleep(1)
        line = watch.line()
    finally:
        other.kill()
        other.wait()
    assert processor() in line
    taken = re.search(r"other programs had (\d+)%", line)
    assert taken and int(taken[1]) > 0


def test_a_chapter_that_is_not_there_is_told_with_those_that_are() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.bench", "caption"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "CHAPTER is one of captions, lambda, costs, front_door, inbox, size" in done.stderr
