"""What Telegram makes of a photo: renditions of fixed sizes, as real JPEGs."""

from io import BytesIO
from pathlib import PurePath

from PIL import Image, ImageOps

from tests.sandbox.telegram_world import Json, World

# The longest side of the sizes s, m, x and y; the last one that is needed has the photo's own size, if that is smaller.
LONGEST_SIDES = (90, 320, 800, 1280)


def photo_sizes(world: World, data: bytes) -> list[Json]:
    """Store a photo's renditions; returns the PhotoSize objects, the smallest first. Raises OSError for no image."""
    with Image.open(BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    sizes = []
    for longest in LONGEST_SIDES:
        rendition = upright.copy()
        rendition.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        sizes.append(_stored(world, rendition))
        if max(upright.size) <= longest:
            break
    return sizes


def document(world: World, data: bytes, name: str, media_type: str | None, size: int | None = None) -> Json:
    """Store a file as it is; `size` says something else than its length."""
    file = world.store(data, "documents", PurePath(name).suffix, size)
    content: Json = {
        "file_name": name,
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
    }
    return content | ({"mime_type": media_type} if media_type is not None else {})


def _stored(world: World, rendition: Image.Image) -> Json:
    buffer = BytesIO()
    rendition.save(buffer, "JPEG", quality=87)
    file = world.store(buffer.getvalue(), "photos", ".jpg")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "width": rendition.width,
        "height": rendition.height,
    }
