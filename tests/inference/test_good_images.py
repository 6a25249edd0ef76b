"""Every kind of picture that is promised, over a real socket: what the model is shown is what the photographer saw."""

import json

import pytest
from PIL import Image

from tests.inference.images import encoded, photo, turned
from tests.inference.serving import post

DARK, LIGHT, WHITE = (20, 30, 60), (200, 180, 90), (255, 255, 255)


def seen(url: str, data: bytes) -> tuple[tuple[int, int], list[list[int]]]:
    """The size and the colours of the four quarters that the captioner was shown."""
    answer = post(url, content=data, headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 200, answer.text
    told = json.loads(answer.json()["caption"])
    return tuple(told["size"]), told["colours"]


def near(found: list[int], expected: tuple[int, ...], by: int = 40) -> bool:
    return all(abs(one - other) <= by for one, other in zip(found, expected, strict=True))


def quarters(width: int = 640, height: int = 480) -> Image.Image:
    """A dark top left quarter on light ground."""
    image = Image.new("RGB", (width, height), LIGHT)
    image.paste(DARK, (0, 0, width // 2, height // 2))
    return image


def shows_quarters(url: str, data: bytes, by: int = 40) -> None:
    _, colours = seen(url, data)
    assert near(colours[0], DARK, by), colours
    assert all(near(colour, LIGHT, by) for colour in colours[1:]), colours


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF"])
def test_a_photo_of_every_format_is_seen(painter_url: str, kind: str) -> None:
    shows_quarters(painter_url, encoded(quarters(), kind))


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_seen(painter_url: str, kind: str) -> None:
    later = [Image.new("RGB", (640, 480), colour) for colour in ("red", "green")]
    shows_quarters(painter_url, encoded(quarters(), kind, save_all=True, append_images=later, duration=50))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_a_photo_is_seen_upright_however_the_camera_was_held(painter_url: str, orientation: int, kind: str) -> None:
    data = turned(quarters(), kind, orientation)
    size, _ = seen(painter_url, data)
    assert size == (640, 480)
    shows_quarters(painter_url, data)


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1)])
def test_a_picture_of_the_strangest_shape_is_seen(painter_url: str, url: str, size: tuple[int, int]) -> None:
    data = encoded(Image.new("RGB", size, LIGHT), "PNG")
    _, colours = seen(painter_url, data)
    assert all(near(colour, LIGHT) for colour in colours)
    # And the real model, which stretches it to its square.
    assert post(url, content=data).json()["caption"]


@pytest.mark.parametrize(
    ("mode", "kind"), [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("L", "PNG"), ("L", "JPEG"), ("P", "PNG"), ("1", "PNG")]
)
def test_a_picture_of_every_kind_of_pixel_is_seen(painter_url: str, mode: str, kind: str) -> None:
    image = quarters().quantize(8) if mode == "P" else quarters().convert(mode)
    gray = mode in {"L", "1"}
    _, colours = seen(painter_url, encoded(image, kind))
    if gray:
        assert len(set(colours[0])) == 1, "gray"
    assert sum(colours[0]) + 200 < min(sum(colour) for colour in colours[1:])
    if not gray:
        assert near(colours[0], DARK)


def test_sixteen_bits_are_scaled_and_not_cut_off(painter_url: str) -> None:
    gray = quarters().convert("L")
    wide = Image.frombytes("I;16", gray.size, b"".join(bytes((value, value)) for value in gray.tobytes()))
    _, colours = seen(painter_url, encoded(wide, "PNG"))
    for found, x, y in zip(colours, (9, 600, 9, 600), (9, 9, 400, 400), strict=True):
        assert near(found, (gray.getpixel((x, y)),) * 3), (found, gray.getpixel((x, y)))  # type: ignore[arg-type]  # (gray: one number)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [*((mode, kind) for mode in ("RGBA", "LA") for kind in ("PNG", "WEBP", "TIFF")), ("RGBA", "GIF"), ("RGBA", "AVIF")],
)
def test_what_is_transparent_is_seen_as_white(painter_url: str, mode: str, kind: str) -> None:
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (320, 0, 640, 480))
    _, colours = seen(painter_url, encoded(image.convert(mode), kind))
    assert near(colours[1], WHITE) and near(colours[3], WHITE), colours
    assert max(colours[0]) < 100, colours


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_entry_of_a_palette_is_seen_as_white(painter_url: str, kind: str) -> None:
    image = Image.new("P", (640, 480), 0)
    image.putpalette([0, 0, 0, *DARK, *LIGHT])
    image.paste(1, (0, 0, 320, 240))
    image.paste(2, (0, 240, 320, 480))
    _, colours = seen(painter_url, encoded(image, kind, transparency=0))
    for colour, expected in zip(colours, (DARK, WHITE, LIGHT, WHITE), strict=True):
        assert near(colour, expected), colours


def test_a_real_photo_is_seen_at_a_scale_that_is_enough_and_no_larger(painter_url: str) -> None:
    (width, height), colours = seen(painter_url, encoded(photo(4000, 3000), "JPEG"))
    assert 448 <= min(width, height) < 1500
    assert near(colours[0], DARK, 90)
