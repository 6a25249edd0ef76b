"""Any of Pillow's modes as RGB, with transparency on white, and shades that were stored finer than that."""

from PIL import Image

# Files of 16 bits often hold what a sensor measured in fewer.
_WHITES = tuple(2.0**bits - 1 for bits in (8, 10, 12, 14, 16))
_FINITE = 3e38


def rgb(image: Image.Image, rawmode: str = "") -> Image.Image:
    """Convert to RGB; `rawmode` is how its file stores it, in Pillow's words."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif ";16" in rawmode:
        image = _brightened(image)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    image = image.convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating-point gray to 8 bits, where Pillow's own conversion would clip it."""
    wide = image.convert("F")
    if image.mode == "F":
        wide = _finite(wide)
    low, high = wide.getextrema()
    if not isinstance(high, float) or not isinstance(low, float):
        raise TypeError("gray has one band")
    if image.mode == "F" and high <= 1.0:
        white = 1.0
    elif image.mode == "F" and high <= 255.0:
        white = 255.0
    else:
        white = next((known for known in _WHITES if high <= known), high)
    black = min(low, 0.0) if image.mode == "F" else 0.0
    scale = 255.0 / (white - black)
    scaled = wide.point(lambda value: value * scale - black * scale).convert("L")
    # Which shade is transparent is told in the file's own units.
    scaled.info.pop("transparency", None)
    return scaled


def _finite(wide: Image.Image) -> Image.Image:
    """Make black of what is no number, or none that a picture holds: it would be the measure of all others."""
    from PIL import ImageMath

    finite = ImageMath.lambda_eval(lambda given: abs(given["wide"]) < _FINITE, wide=wide)
    clean = Image.new("F", wide.size, 0.0)
    clean.paste(wide, mask=finite.convert("L").point(lambda value: 255 if value else 0))
    return clean


def _brightened(image: Image.Image) -> Image.Image:
    """Bring colours to 8 bits whose upper bits are all that Pillow kept of 16, and which never used those."""
    colours = image.getbands()[:-1] if image.mode in {"RGBA", "LA"} else image.getbands()
    high = max(_highest(image.getchannel(band)) for band in colours)
    white = next((known >> 8 for known in map(int, _WHITES[1:]) if high <= known >> 8), 255)
    if white == 255 or high == 0:
        return image
    table = [min(255, value * 255 // white) for value in range(256)]
    unchanged = list(range(256))
    return image.point(table * len(colours) + unchanged * (len(image.getbands()) - len(colours)))


def _highest(band: Image.Image) -> int:
    high = band.getextrema()[1]
    if not isinstance(high, int):
        raise TypeError("a band of bytes has whole numbers")
    return high
