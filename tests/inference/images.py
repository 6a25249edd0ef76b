"""Images as people and programs send them, made on the spot."""

from io import BytesIO

from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener

register_heif_opener()


def photo(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """A picture with a dark top left corner, so that its orientation shows."""
    image = Image.new("RGB", (width, height), (200, 180, 90))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 2), fill=(20, 30, 60))
    draw.ellipse((width // 3, height // 3, width * 2 // 3, height * 2 // 3), fill=(220, 40, 40))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of Pillow's format `kind`."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


UPRIGHT_AGAIN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(upright: Image.Image, kind: str, orientation: int) -> bytes:
    """The image as a camera stores it that was held so: turned, with EXIF's word (1 to 8) for how to show it."""
    stored = upright.transpose(UPRIGHT_AGAIN[orientation]) if orientation in UPRIGHT_AGAIN else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, kind, exif=exif)


def pixel_bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 30,000 × 30,000 pixels."""
    return encoded(Image.new("1", (30_000, 30_000)), "PNG", compress_level=9)


def animation(frames: int) -> bytes:
    """A GIF of so many frames."""
    images = [Image.new("P", (16, 16), colour % 250) for colour in range(frames)]
    return encoded(images[0], "GIF", save_all=True, append_images=images[1:], optimize=False, duration=20)
