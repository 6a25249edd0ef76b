"""`captionbot caption`, as somebody types it."""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference.loading import STARTER
from inference.manifest import DECODER, ENCODER, TOKENIZER
from tests.cli.terminal import terminal
from tests.commands import captionbot
from tests.inference.images import encoded, photo

JPEG = encoded(photo(), "JPEG")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of two photos, one of them below it, among what is no photo, and a damaged one beside the folder."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(JPEG)
    (folder / "more" / "b.png").write_bytes(encoded(photo(200, 300), "PNG"))
    (folder / "notes.txt").write_text("no photo")
    (folder / "empty").touch()
    (folder / ".hidden.jpg").write_bytes(JPEG)
    (tmp_path / "bad.jpg").write_bytes(JPEG[:2000])
    return folder


def test_one_photo_is_one_line(photos: Path) -> None:
    done = captionbot("caption", photos / "a.jpg", cwd=photos)
    [caption] = done.stdout.splitlines()
    assert len(caption.split()) > 2
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bad_photo_among_several_does_not_keep_the_others_from_their_captions(photos: Path) -> None:
    names = [photos / "a.jpg", photos.parent / "bad.jpg", photos / "missing.jpg", photos / "more" / "b.png"]
    done = captionbot("caption", *names, cwd=photos)
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [str(names[0]), str(names[3])]
    damaged, missing = done.stderr.splitlines()
    assert damaged.startswith(f"{names[1]}: That JPEG file is damaged")
    assert missing == f"{names[2]}: That file can't be read: No such file or directory."
    assert done.returncode == 1


def test_of_a_folder_its_photos_are_captioned_and_the_rest_is_left_alone(photos: Path) -> None:
    done = captionbot("caption", "photos", cwd=photos.parent)
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == ["photos/a.jpg", "photos/more/b.png"]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_without_a_photo_says_so(photos: Path) -> None:
    (photos / "nothing").mkdir()
    done = captionbot("caption", "nothing", cwd=photos)
    assert done.returncode == 1
    assert "no photos" in done.stderr


def test_a_photo_comes_by_standard_input(photos: Path) -> None:
    by_name = captionbot("caption", "a.jpg", cwd=photos)
    by_pipe = captionbot("caption", "-", cwd=photos, stdin=JPEG)
    assert by_pipe.stdout == by_name.stdout
    assert captionbot("caption", "-", cwd=photos, stdin=b"").returncode == 1


def test_json_is_one_object_a_line_for_programs(photos: Path) -> None:
    (photos / "large.jpg").write_bytes(JPEG + bytes(6 * 1024 * 1024))
    done = captionbot("caption", "--json", "a.jpg", "../bad.jpg", "none.jpg", "large.jpg", cwd=photos)
    good, *bad = [json.loads(line) for line in done.stdout.splitlines()]
    assert set(good) == {"file", "caption", "processing_time", "confidence"}
    assert good["file"] == "a.jpg"
    assert [set(line) for line in bad] == [{"file", "error", "message"}] * 3
    assert [line["error"] for line in bad] == ["corrupt_image", "unreadable", "image_too_large"]
    assert "6 MB" in bad[2]["message"]
    assert (done.returncode, done.stderr) == (1, "")


def test_a_name_in_any_encoding_is_a_name(photos: Path) -> None:
    name = b"caf\xe9.jpg".decode(errors="surrogateescape")
    (photos / name).write_bytes(JPEG)
    (photos / "déjà vu.jpg").write_bytes(JPEG)
    done = captionbot("caption", "--json", name, "déjà vu.jpg", cwd=photos)
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[1])["file"] == "déjà vu.jpg"
    assert captionbot("caption", name, "a.jpg", cwd=photos).returncode == 0


def test_a_url_is_refused_with_what_to_do(tmp_path: Path) -> None:
    done = captionbot("caption", "https://example.org/cat.jpg", cwd=tmp_path)
    assert done.returncode == 2
    assert "Download the photo first" in done.stderr


def test_help_says_what_it_takes_and_when_it_fails(tmp_path: Path) -> None:
    done = captionbot("caption", "--help", cwd=tmp_path)
    assert done.returncode == 0
    for word in ("PHOTO...", "folders", "standard input", "--json", "Exits with 1"):
        assert word in done.stdout


def test_many_photos_at_a_terminal_show_how_far_it_is(photos: Path) -> None:
    with terminal(photos, {}, "caption", "a.jpg", "more/b.png") as person:
        assert person.end() == 0
    assert "Captioning" in person.screen and "100%" in person.screen
    for name in ("a.jpg: ", "more/b.png: "):
        assert name in person.screen


@pytest.mark.parametrize(
    ("setting", "value"),
    [("CAPTION_DEADLINE", "soon"), ("CAPTION_ENGINE", "steam"), ("MAX_IMAGE_BYTES", "0"), ("CAPTION_CONCURRENCY", "x")],
)
def test_a_wrong_setting_is_named(photos: Path, setting: str, value: str) -> None:
    done = captionbot("caption", "a.jpg", cwd=photos, settings={setting: value})
    assert done.returncode == 2
    assert setting in done.stderr
    assert value not in done.stderr.replace(setting, "").split()


@pytest.mark.parametrize("harm", ["missing", "truncated", "altered"])
@pytest.mark.parametrize("part", [ENCODER, DECODER, TOKENIZER])
def test_a_model_folder_that_is_not_whole_names_the_file(photos: Path, part: str, harm: str) -> None:
    model = photos.parent / "model"
    shutil.copytree(STARTER, model)
    content = bytearray((model / part).read_bytes())
    (model / part).unlink()
    if harm == "truncated":
        (model / part).write_bytes(content[:-1])
    elif harm == "altered":
        content[len(content) // 2] ^= 1
        (model / part).write_bytes(content)
    done = captionbot("caption", "a.jpg", cwd=photos, settings={"CAPTION_MODEL": str(model)})
    assert (done.returncode, done.stdout) == (1, "")
    assert str(model / part) in done.stderr
    assert "Export the model again" in done.stderr


@contextmanager
def dead_end() -> Iterator[tuple[str, list[int]]]:
    """A host where every connection is cut at once; yields its URL, and a list with an entry for each attempt."""
    listener, attempts = socket.create_server(("127.0.0.1", 0)), []

    def cut() -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            attempts.append(address[1])
            connection.close()

    thread = threading.Thread(target=cut)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", attempts
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_an_unknown_model_without_a_network_is_given_up_soon_with_the_setting_to_mend(
    photos: Path, engine: str
) -> None:
    with dead_end() as (url, attempts):
        settings = {"CAPTION_MODEL": "nobody/no-such-model", "CAPTION_ENGINE": engine, "HF_ENDPOINT": url}
        done = captionbot("caption", "a.jpg", cwd=photos, settings=settings)
    assert done.returncode == 1
    assert "CAPTION_MODEL=nobody/no-such-model" in done.stderr
    assert "the network" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert 1 <= len(attempts) <= 5
