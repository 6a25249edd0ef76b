from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from common import samples
from common.contract import MAX_IMAGE_BYTES, Code, Refused, megabytes
from common.screening import check_length, decode, inspect
from tests.inference.images import animation, encoded, photo, pixel_bomb, turned

COVER = (224, 224)
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF"]


def code_of(data: bytes) -> Code:
    with pytest.raises(Refused) as refused:
        decode(data, COVER)
    return refused.value.code


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_that_is_promised_is_read(kind: str) -> None:
    data = encoded(photo(), kind)
    header = inspect(data)
    assert (header.width, header.height) == (640, 480)
    image = decode(data, COVER)
    assert (image.mode, image.size) == ("RGB", (640, 480))
    assert max(image.getpixel((40, 40))) < 100  # type: ignore[arg-type]  # (RGB: three numbers)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"just some words, in no format at all", "not an image"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"PK\x03\x04", "a ZIP"),
        (bytes(range(256)), "not an image"),
    ],
)
def test_what_is_no_photo_is_called_by_its_name(data: bytes, word: str) -> None:
    with pytest.raises(Refused, match=word) as refused:
        inspect(data)
    assert refused.value.code is Code.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("tenth", range(10))
def test_a_jpeg_cut_short_is_damaged(tenth: int) -> None:
    data = encoded(photo(), "JPEG")
    expected = Code.UNSUPPORTED_FORMAT if tenth == 0 else Code.CORRUPT_IMAGE
    assert code_of(data[: len(data) * tenth // 10] or b"x") is expected


def test_a_size_over_the_limit_is_refused_with_both_figures() -> None:
    check_length(MAX_IMAGE_BYTES)
    with pytest.raises(Refused, match=r"8\.2 MB; I can read up to 6 MB"):
        check_length(8_598_323)
    with pytest.raises(Refused, match=r"6\.1 MB; I can read up to 6 MB"):
        check_length(MAX_IMAGE_BYTES + 1)
    with pytest.raises(Refused) as refused:
        check_length(0)
    assert refused.value.code is Code.EMPTY_IMAGE


def test_megabytes_read_as_people_write_them() -> None:
    assert [megabytes(size) for size in (1, 1_048_576, 6_291_456, 8_703_311)] == ["0.1 MB", "1 MB", "6 MB", "8.4 MB"]


def test_a_pixel_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(Refused, match="900 megapixels") as refused:
        inspect(pixel_bomb())
    assert refused.value.code is Code.TOO_MANY_PIXELS


def test_of_a_long_animation_only_the_first_frame_is_decoded() -> None:
    assert decode(animation(500), COVER).getpixel((3, 3)) == decode(animation(1), COVER).getpixel((3, 3))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 10_000), (10_000, 1)])
def test_the_strangest_shapes_are_images_too(width: int, height: int) -> None:
    assert decode(encoded(Image.new("RGB", (width, height), "red"), "PNG"), COVER).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(orientation: int) -> None:
    upright = photo()
    image = decode(turned(upright, "JPEG", orientation), COVER)
    assert image.size == upright.size
    assert max(image.getpixel((60, 60))) < 100  # type: ignore[arg-type]  # (RGB: three numbers)
    assert min(image.getpixel((600, 60))[:2]) > 150  # type: ignore[index]  # (RGB: three numbers)


def test_a_large_jpeg_is_decoded_at_the_scale_that_is_needed() -> None:
    image = decode(encoded(photo(4000, 3000), "JPEG"), COVER)
    assert 448 <= min(image.size) < 1500


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "F", "I"])
def test_every_kind_of_pixel_becomes_the_same_picture(mode: str) -> None:
    gray = photo().convert("L")
    if mode in {"I", "I;16"}:
        image = gray.convert("I").point(lambda value: value * 257)
        image = image.convert("I;16") if mode == "I;16" else image
    else:
        image = (gray if mode in {"1", "F"} else photo()).convert(mode)
    if mode == "P":
        image = photo().quantize(16)
    decoded = decode(encoded(image, "TIFF" if mode in {"CMYK", "F", "I"} else "PNG"), COVER).convert("L")
    for place in ((40, 40), (600, 40)):
        value, original = decoded.getpixel(place), gray.getpixel(place)
        if mode == "1":
            value, original = decoded.resize((2, 2)).getpixel((0, 0)), gray.resize((2, 2)).getpixel((0, 0))
        assert abs(value - original) <= 12, (place, value, original)  # type: ignore[operator]  # (RGB: three numbers)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_becomes_white(mode: str) -> None:
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    image = clear.convert("LA") if mode == "LA" else clear
    options = {}
    if mode == "P":
        image, options = Image.new("P", (300, 300), 0), {"transparency": 0}
    assert decode(encoded(image, "PNG", **options), COVER).getpixel((9, 9)) == (255, 255, 255)


WHOLE = {kind: encoded(photo(48, 32), kind) for kind in FORMATS}
WHOLE |= {file.stem: file.read_bytes() for file in samples.FOLDER.glob("*.jpg")}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    kept=st.floats(0.05, 1),
)
def test_no_damage_makes_anything_but_an_image_or_a_refusal(
    kind: str, changes: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(WHOLE[kind])
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        decoded = decode(bytes(data[: max(1, int(kept * len(data)))]), COVER)
    except Refused:
        return
    assert decoded.mode == "RGB"


def test_an_image_with_nonsense_for_exif_is_still_captioned() -> None:
    data = encoded(photo(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffnonsense")
    assert Image.open(BytesIO(data)).size == decode(data, COVER).size
