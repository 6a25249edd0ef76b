"""Why a checkpoint of a known kind does not export, for more than one kind."""

from collections.abc import Sequence

from inference.manifest import Size


def wrong_size(image_size: int | Sequence[int], size: Size) -> str | None:
    """Say so where photos are not prepared in the size that an encoder takes."""
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if (size.height, size.width) == (height, width):
        return None
    return (
        f"prepares photos of {size.height}x{size.width} pixels, and its encoder takes {height}x{width}: "
        "correct the size in its preprocessor_config.json."
    )
