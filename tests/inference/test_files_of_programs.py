"""Pictures as people's programs and cameras write them, over a real socket: unusual, and yet photos."""

import math
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from tests.inference.images import UPRIGHT_AGAIN, encoded
from tests.inference.serving import post, refused
from tests.inference.test_good_images import DARK, LIGHT, near, quarters, seen, shows_quarters
from tests.inference.test_work import chunk

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def stored_turned(mode: str = "RGB") -> Image.Image:
    """Quarters as a camera stores them that was held so that orientation 6 shows them upright."""
    return quarters().transpose(UPRIGHT_AGAIN[6]).convert(mode)


def with_chunk(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with chunks after its header."""
    return png[:33] + b"".join(chunks) + png[33:]


# --- metadata that is too much, or wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"tEXt", b"parameters\0" + b"x" * 3_000_000),
        chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(5_000_000))),
        chunk(b"zTXt", b"broken\0\0not zlib"),
        struct.pack(">I", 4) + b"tIME" + b"abcdBAD!",
        chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000))) * 100,
    ],
    ids=["zTXt", "iTXt", "tEXt", "iCCP", "no zlib", "checksum", "many"],
)
def test_a_screenshot_with_much_text_in_it_is_seen(painter_url: str, extra: bytes) -> None:
    shows_quarters(painter_url, with_chunk(encoded(quarters(), "PNG"), extra))


def mistyped(orientation: int) -> bytes:
    """EXIF data with an orientation, and tags whose types are not what they should be."""
    entries = [
        struct.pack("<HHI4s", 0x010F, 3, 1, b"\7\0\0\0"),  # a maker that is a number
        struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0),
        struct.pack("<HHI4s", 0x011A, 2, 3, b"72\0\0"),  # a resolution that is text
        struct.pack("<HHI4s", 0x0132, 5, 1, b"\xff\xff\xff\xff"),  # a date beyond the end
        struct.pack("<HHI4s", 0x8769, 2, 4, b"abcd"),  # a directory that is text
    ]
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turned_photo_with_tags_of_wrong_types_is_seen_upright(painter_url: str, kind: str) -> None:
    exif = mistyped(6)
    if kind == "PNG":
        data = with_chunk(encoded(stored_turned(), kind), chunk(b"eXIf", exif[6:]))
    else:
        data = encoded(stored_turned(), kind, exif=exif)
    shows_quarters(painter_url, data)


@pytest.mark.parametrize(("type_", "value"), [(1, b"\6\0\0\0"), (4, b"\6\0\0\0"), (2, b"6\0\0\0"), (7, b"\6\0\0\0")])
def test_an_orientation_of_another_type_is_read_too(painter_url: str, type_: int, value: bytes) -> None:
    entry = struct.pack("<HHI4s", 0x0112, type_, 2 if type_ == 2 else 1, value)
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + entry + bytes(4)
    shows_quarters(painter_url, encoded(stored_turned(), "JPEG", exif=exif))


def test_an_avif_with_tags_of_wrong_types_is_seen(painter_url: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x011A] = 6, 72.0
    data = encoded(stored_turned(), "AVIF", exif=exif)
    resolution = data.index(b"\x01\x1a\0\x05")
    shows_quarters(painter_url, data[: resolution + 2] + b"\0\2" + data[resolution + 4 :])


# --- orientation that is told elsewhere ------------------------------------------------------------------------------


def raw_profile(kind: str, data: bytes) -> str:
    return f"\n{kind}\n{len(data):8}\n{data.hex()}\n"


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
@pytest.mark.parametrize("where", ["xmp", "packed xmp", "raw exif", "packed raw exif", "raw APP1"])
def test_an_orientation_in_a_png_s_text_is_obeyed(painter_url: str, where: str, mode: str) -> None:
    info = PngImagePlugin.PngInfo()
    if where.endswith("xmp"):
        info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=where.startswith("packed"))
    else:
        name = "APP1" if where.endswith("APP1") else "exif"
        text = raw_profile(name, exif_of(6))
        info.add_text(f"Raw profile type {name}", text, zip=where.startswith("packed"))
    image = stored_turned().quantize(8) if mode == "P" else stored_turned(mode)
    gray = mode == "LA"
    size, colours = seen(painter_url, encoded(image, "PNG", pnginfo=info))
    assert size == (640, 480)
    assert sum(colours[0]) + 200 < min(sum(colour) for colour in colours[1:])
    assert gray or near(colours[0], DARK)


def test_a_transparent_photo_s_exif_is_obeyed(painter_url: str) -> None:
    for kind in ("PNG", "WEBP"):
        shows_quarters(painter_url, encoded(stored_turned("RGBA"), kind, exif=exif_of(6)))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_an_orientation_that_only_xmp_tells_is_obeyed(painter_url: str, kind: str) -> None:
    options = {"tiffinfo": {700: XMP}} if kind == "TIFF" else {"xmp": XMP}
    shows_quarters(painter_url, encoded(stored_turned(), kind, **options))


def test_exif_goes_before_xmp(painter_url: str) -> None:
    shows_quarters(painter_url, encoded(quarters(), "JPEG", exif=exif_of(1), xmp=XMP))


def test_a_heic_is_turned_once(painter_url: str) -> None:
    # Saved with an orientation, it has boxes that say so too, and must not be turned twice.
    shows_quarters(painter_url, encoded(stored_turned(), "HEIF", exif=exif_of(6)))
    shows_quarters(painter_url, encoded(stored_turned(), "HEIF", xmp=XMP))


# --- what is missing or unusual at the beginning and the end ---------------------------------------------------------


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_only_its_end_marker_is_seen(painter_url: str, progressive: bool) -> None:
    whole = encoded(quarters(), "JPEG", progressive=progressive)
    shows_quarters(painter_url, whole[:-2])
    shows_quarters(painter_url, whole + b"\r\n")
    refused(post(painter_url, content=whole[:-200]), 400, "corrupt_image")


@pytest.mark.parametrize(
    ("kind", "major"),
    [("HEIF", b"mif2"), ("HEIF", b"miaf"), ("HEIF", b"mif1"), ("AVIF", b"MA1B"), ("AVIF", b"MA1A"), ("AVIF", b"mif1")],
)
def test_a_file_of_another_major_brand_is_seen(painter_url: str, kind: str, major: bytes) -> None:
    data = encoded(quarters(), kind)
    shows_quarters(painter_url, data[:8] + major + data[12:])


def test_a_bmp_with_its_reserved_bytes_set_is_seen(painter_url: str) -> None:
    data = encoded(quarters(), "BMP")
    shows_quarters(painter_url, data[:6] + b"Made" + data[10:])


@pytest.mark.parametrize("words", [b"BM is short for bowel movement in English", b"BM" + bytes(60)])
def test_what_only_begins_like_a_bmp_is_none(painter_url: str, words: bytes) -> None:
    refused(post(painter_url, content=words), 415, "unsupported_format")


@pytest.mark.parametrize("head", [b"\xff\x0a" + bytes(30), b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x0cjP  \r\n\x87\n"])
def test_formats_that_are_not_read_are_called_by_their_name(painter_url: str, head: bytes) -> None:
    message = refused(post(painter_url, content=head), 415, "unsupported_format")
    assert "a JPEG XL picture" in message or "a JPEG 2000 picture" in message


# --- finer shades than eight bits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_few_bits_in_a_file_of_sixteen_are_not_near_black(painter_url: str, bits: int, kind: str) -> None:
    gray = quarters().convert("L")
    white = 2**bits - 1
    shades = b"".join(struct.pack("<H", value * white // 255) for value in gray.tobytes())
    _, colours = seen(painter_url, encoded(Image.frombytes("I;16", gray.size, shades), kind))
    assert abs(colours[0][0] - gray.getpixel((9, 9))) < 40 or colours[0][0] < 60  # type: ignore[operator]  # (gray)
    assert min(colours[1][0], colours[2][0], colours[3][0]) > 150, colours


@pytest.mark.parametrize("bits", [12, 16])
def test_few_bits_in_colours_of_sixteen_are_not_near_black(painter_url: str, bits: int) -> None:
    white, picture = 2**bits - 1, quarters(64, 48)
    rows = b""
    for y in range(48):
        row = [value for x in range(64) for value in picture.getpixel((x, y))]  # type: ignore[union-attr]  # (RGB)
        rows += b"\0" + b"".join(struct.pack(">H", value * white // 255) for value in row)
    header = struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    _, colours = seen(painter_url, data)
    assert sum(colours[0]) < 200 and min(sum(colour) for colour in colours[1:]) > 300, colours


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("scale", [1.0, 255.0, 5000.0])
def test_one_pixel_that_is_no_number_does_not_darken_the_others(painter_url: str, strange: float, scale: float) -> None:
    gray = quarters().convert("L")
    image = gray.convert("F").point(lambda value: value * (scale / 255))
    image.putpixel((600, 400), strange)
    _, colours = seen(painter_url, encoded(image, "TIFF"))
    assert colours[0][0] < 90 and min(colours[1][0], colours[2][0], colours[3][0]) > 120, colours


def test_a_gray_of_sixteen_bits_with_a_transparent_shade_is_seen(painter_url: str) -> None:
    gray = quarters().convert("L")
    wide = Image.frombytes("I;16", gray.size, b"".join(bytes((value, value)) for value in gray.tobytes()))
    data = with_chunk(encoded(wide, "PNG"), chunk(b"tRNS", b"\xff\xff"))
    _, colours = seen(painter_url, data)
    assert colours[0][0] < 90 < 150 < colours[1][0], colours


def test_the_light_of_these_pictures_is_what_they_were_made_of() -> None:
    assert near(list(quarters().getpixel((600, 9))), LIGHT)  # type: ignore[arg-type]  # (RGB)
    assert Image.open(BytesIO(encoded(stored_turned(), "JPEG"))).size == (480, 640)
