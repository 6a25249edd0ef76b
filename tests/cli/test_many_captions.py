"""`captionbot caption` for many photos: into a table or beside them, stopped and gone on with, here or elsewhere."""

import csv
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL.Image import Image

from common.contract import Detail
from common.settings import Secret
from inference.captioner import Caption, Deadline
from inference.settings import InferenceSettings
from tests.commands import CAPTIONBOT, captionbot
from tests.inference.images import encoded, photo
from tests.inference.serving import PATIENT, Slow, serving
from tests.ports import free_port

JPEG = encoded(photo(), "JPEG")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "with, comma.jpg"):
        (folder / name).write_bytes(JPEG)
    (folder / "damaged.jpg").write_bytes(JPEG[:2000])
    return tmp_path


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert len({row["file"] for row in found}) == len(found)
    return {row["file"]: row for row in found}


def test_a_table_holds_every_photo_and_what_failed_is_tried_again(photos: Path) -> None:
    first = captionbot("caption", "photos", "--output", "captions.csv", cwd=photos)
    assert (first.returncode, first.stdout) == (1, "")
    assert "3 captions written. 1 got none" in first.stderr
    found = rows(photos / "captions.csv")
    assert set(found) == {"photos/a.jpg", "photos/b.jpg", "photos/with, comma.jpg", "photos/damaged.jpg"}
    assert found["photos/a.jpg"]["caption"] and 0 < float(found["photos/a.jpg"]["confidence"]) < 1
    assert found["photos/damaged.jpg"]["error"] == "corrupt_image"
    (photos / "photos" / "damaged.jpg").write_bytes(JPEG)
    second = captionbot("caption", "photos", "--output", "captions.csv", cwd=photos)
    assert second.returncode == 0
    assert "1 captions written. 3 had one before." in second.stderr
    assert all(row["caption"] and not row["error"] for row in rows(photos / "captions.csv").values())


def test_a_table_whose_last_line_was_torn_is_gone_on_with(photos: Path) -> None:
    table = photos / "captions.csv"
    table.write_text('file,caption,confidence,error,message\nphotos/a.jpg,as it was,,,\n"photos/b.jpg","a hal', "utf-8")
    captionbot("caption", "photos", "--output", "captions.csv", cwd=photos)
    found = rows(table)
    assert found["photos/a.jpg"]["caption"] == "as it was"
    assert found["photos/b.jpg"]["caption"] not in {"", "a hal"}
    assert len(found) == 4


def test_another_s_table_is_left_alone(photos: Path) -> None:
    (photos / "budget.csv").write_text("month,euros\nMay,7\n", "utf-8")
    done = captionbot("caption", "photos", "--output", "budget.csv", cwd=photos)
    assert done.returncode == 1
    assert "not a table of captions" in done.stderr
    assert (photos / "budget.csv").read_text("utf-8") == "month,euros\nMay,7\n"


def test_captions_beside_their_photos(photos: Path) -> None:
    (photos / "photos" / "b.jpg.txt").write_text("my own words\n", "utf-8")
    done = captionbot("caption", "photos", "--sidecars", cwd=photos)
    assert done.returncode == 1
    assert "photos/damaged.jpg: That JPEG file is damaged" in done.stderr
    assert len((photos / "photos" / "a.jpg.txt").read_text("utf-8").split()) > 2
    assert (photos / "photos" / "b.jpg.txt").read_text("utf-8") == "my own words\n"
    assert not (photos / "photos" / "damaged.jpg.txt").exists()


def test_what_can_t_be_written_is_said(photos: Path) -> None:
    done = captionbot("caption", "photos", "--output", "nowhere/captions.csv", cwd=photos)
    assert done.returncode == 1
    assert "nowhere" in done.stderr and "can't be written" in done.stderr


@pytest.mark.parametrize("options", [("--json", "--sidecars"), ("--json", "--output", "x.csv")])
def test_one_way_out_at_a_time(photos: Path, options: tuple[str, ...]) -> None:
    assert captionbot("caption", "photos", *options, cwd=photos).returncode == 2


def test_an_endpoint_elsewhere_takes_many_at_once(photos: Path) -> None:
    for number in range(10):
        (photos / "photos" / f"{number}.jpg").write_bytes(JPEG)
    settings = InferenceSettings(inference_api_key=Secret("key"), caption_concurrency=8)
    slow = Slow(0.5)
    slow.confidence = 0.625
    with serving(settings, slow) as url:
        options = ("--endpoint", f"{url}/caption", "--at-once", "8", "--output", "captions.csv")
        done = captionbot("caption", "photos", *options, cwd=photos, settings={"INFERENCE_API_KEY": "key"})
    assert slow.most > 1
    assert done.returncode == 1
    found = rows(photos / "captions.csv")
    assert sum((row["caption"], row["confidence"]) == ("at last", "0.625") for row in found.values()) == 13
    assert found["photos/damaged.jpg"]["error"] == "corrupt_image"


def test_an_endpoint_that_wants_another_key_says_so(photos: Path) -> None:
    with serving(InferenceSettings(inference_api_key=Secret("key")), Slow(0)) as url:
        done = captionbot("caption", "photos/a.jpg", "--endpoint", url, cwd=photos)
    assert done.returncode == 1
    assert "INFERENCE_API_KEY" in done.stderr


def test_an_endpoint_that_is_not_there_is_said_at_once(photos: Path) -> None:
    done = captionbot("caption", "photos", "--endpoint", f"http://127.0.0.1:{free_port()}", cwd=photos)
    assert done.returncode == 1
    assert "Nobody answers at" in done.stderr and len(done.stderr.splitlines()) == 1


class Tired(Slow):
    """Answers the first photo at once, and takes a minute for each one after it."""

    def caption(self, image: Image, deadline: Deadline, alternatives: int = 0, detail: Detail = "short") -> Caption:
        said = super().caption(image, deadline, alternatives, detail)
        self.seconds = 60.0
        return said


def test_who_is_stopped_goes_on_from_there(photos: Path) -> None:
    with serving(PATIENT, Tired(0)) as url:
        command = [CAPTIONBOT, "caption", "photos", "--endpoint", url, "--at-once", "1", "--output", "captions.csv"]
        process = subprocess.Popen(command, cwd=photos, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
        table = photos / "captions.csv"
        while not table.exists() or "at last" not in table.read_text("utf-8"):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "The same command goes on from here." in said.decode()
        assert sum(bool(row["caption"]) for row in rows(table).values()) == 1
    with serving(PATIENT, Slow(0)) as url:
        done = captionbot("caption", "photos", "--endpoint", url, "--output", "captions.csv", cwd=photos)
    assert "1 had one before." in done.stderr
    assert sum(row["caption"] == "at last" for row in rows(table).values()) == 3
