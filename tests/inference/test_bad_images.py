"""What arrives in place of a photo, over a real socket: each gets the contract's answer, and the endpoint lives on."""

from collections.abc import Iterator

import httpx
import pytest

from common.contract import MAX_IMAGE_BYTES
from tests.inference.images import animation, encoded, photo, pixel_bomb
from tests.inference.serving import JPEG, post, refused

RANDOM = bytes((number * number + 7 * number) % 251 for number in range(20_000))
HTML = b"<!DOCTYPE html><html><body>log in</body></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>"


@pytest.fixture(autouse=True)
def lives_on(url: str) -> Iterator[None]:
    yield
    assert post(url, content=JPEG).status_code == 200


def form(url: str, data: bytes, field: str = "image", name: str = "photo.jpg") -> httpx.Response:
    return post(url, files={field: (name, data, "image/jpeg")})


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "empty_image"),
        (RANDOM, 415, "unsupported_format"),
        (b"no image at all", 415, "unsupported_format"),
        (HTML, 415, "unsupported_format"),
        (SVG, 415, "unsupported_format"),
        (b"%PDF-1.4 ...", 415, "unsupported_format"),
        (b"\xff\xd8\xff", 400, "corrupt_image"),
        (pixel_bomb(), 413, "too_many_pixels"),
    ],
    ids=["empty", "random", "text", "html", "svg", "pdf", "magic", "bomb"],
)
def test_what_is_no_photo_is_refused_both_ways(url: str, data: bytes, status: int, code: str) -> None:
    refused(post(url, content=data, headers={"Content-Type": "image/jpeg"}), status, code)
    refused(form(url, data), status, code)


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_jpeg_cut_at_any_tenth_is_damaged(url: str, tenth: int) -> None:
    refused(form(url, JPEG[: len(JPEG) * tenth // 10]), 400, "corrupt_image")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF", "HEIF", "AVIF", "BMP"])
def test_other_formats_cut_in_half_are_damaged(url: str, kind: str) -> None:
    data = encoded(photo(320, 240), kind)
    refused(form(url, data[: len(data) // 2]), 400, "corrupt_image")


def test_a_gif_of_ten_thousand_frames_is_captioned_by_its_first(url: str) -> None:
    assert form(url, animation(10_000)).json()["caption"] == form(url, animation(1)).json()["caption"]


def test_a_form_may_be_as_large_as_its_image_and_no_larger(url: str) -> None:
    largest = JPEG + bytes(MAX_IMAGE_BYTES - len(JPEG))
    assert form(url, largest).status_code == 200
    refused(form(url, largest + b"\0"), 413, "image_too_large")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"--x\r\n", "multipart/form-data; boundary=y", 400, "corrupt_image"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 400, "empty_image"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n", "multipart/form-data; boundary=x", 400, None),
        (b"anything", "multipart/form-data", 400, "corrupt_image"),
        (b"anything", "multipart/form-data; boundary=", 400, "corrupt_image"),
        (b"anything", f"multipart/form-data; boundary={'x' * 5000}", 400, "corrupt_image"),
        (b"--\xe9\r\n", "multipart/form-data; boundary=\xe9", 400, None),
        (JPEG, "application/json", 415, "unsupported_format"),
        (JPEG, "text/plain", 415, "unsupported_format"),
        (JPEG, "image", 415, "unsupported_format"),
    ],
    ids=[
        *("wrong boundary", "no part", "part without a name", "no boundary", "empty boundary", "endless boundary"),
        *("boundary in Latin-1", "json", "text", "half a type"),
    ],
)
def test_a_broken_form_is_refused(url: str, body: bytes, kind: str, status: int, code: str | None) -> None:
    answer = post(url, content=body, headers={b"Content-Type": kind.encode("latin-1")})
    refused(answer, status, code or answer.json()["error"])


def test_a_form_that_ends_too_early_is_refused(url: str) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(post(url, content=head + JPEG, headers=kind), 400, "corrupt_image")
    assert post(url, content=head + JPEG + b"\r\n--x--\r\n", headers=kind).status_code == 200


def test_a_form_within_a_form_is_no_photo(url: str) -> None:
    inner = b'--y\r\nContent-Disposition: file; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + JPEG
    outer = (
        b'--x\r\nContent-Disposition: form-data; name="image"\r\n'
        b"Content-Type: multipart/mixed; boundary=y\r\n\r\n" + inner + b"\r\n--y--\r\n\r\n--x--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(post(url, content=outer, headers=kind), 415, "unsupported_format")
    named = outer.replace(b'name="image"', b'name="image"; filename="all.jpg"')
    refused(post(url, content=named, headers=kind), 415, "unsupported_format")


def test_a_form_without_a_photo_says_where_one_goes(url: str) -> None:
    only_text = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nmy cat\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert "`image`" in refused(post(url, content=only_text, headers=kind), 400, "empty_image")
    refused(post(url, data={"image": "a name only"}, files={"x": b""}), 415, "unsupported_format")
    assert "no bytes" in refused(post(url, files={"x": b""}), 400, "empty_image")


def test_a_form_with_two_photos_is_refused(url: str) -> None:
    for second in ("image", "another"):
        two = [("image", ("a.jpg", JPEG)), (second, ("b.jpg", JPEG))]
        assert "one image" in refused(post(url, files=two), 400, "corrupt_image")


def test_a_form_of_a_thousand_fields_is_refused(url: str) -> None:
    many = {f"field{number}": "x" for number in range(1000)}
    refused(post(url, data=many, files={"image": JPEG}), 400, "corrupt_image")
    refused(post(url, data=many), 415, "unsupported_format")
