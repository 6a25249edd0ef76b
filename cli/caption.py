"""`captionbot caption`: photos on this machine."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from inference.captioner import Captioner
    from inference.settings import InferenceSettings

STDIN = "-"


@click.command(name="caption")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(photos: Sequence[str], as_json: bool) -> None:
    """Caption photos on this machine: files, folders (every image below them), or - for standard input.

    Exits with 1 if any photo got no caption.
    """
    from common.settings import read_settings
    from inference.captioner import ModelError
    from inference.loading import load_captioner
    from inference.settings import InferenceSettings

    for name in photos:
        if "://" in name:
            raise click.UsageError(f"{name} is a URL. Download the photo first, then name the file.")
    files = list(_files(photos))
    if not files:
        raise click.ClickException("There are no photos in there.")
    try:
        settings = read_settings(InferenceSettings)
        captioner = load_captioner(settings)
    except ModelError as error:
        raise click.ClickException(str(error)) from None
    failed = False
    # On standard error, so that captions can be piped on.
    with click.progressbar(
        files, label="Captioning", file=sys.stderr, hidden=len(files) < 2 or not sys.stderr.isatty()
    ) as progress:
        for name in progress:
            answer = _caption(name, captioner, settings)
            failed = failed or "error" in answer
            if as_json:
                click.echo(json.dumps(answer, ensure_ascii=False))
            elif "error" in answer:
                click.echo(f"{name}: {answer['message']}", err=True)
            else:
                click.echo(answer["caption"] if len(files) == 1 else f"{name}: {answer['caption']}")
    sys.exit(1 if failed else 0)


def _files(names: Sequence[str]) -> Iterator[str]:
    """Every file named, and of a folder every image below it that is not hidden."""
    for name in names:
        if name != STDIN and Path(name).is_dir():
            below = (path for path in sorted(Path(name).rglob("*")) if path.is_file())
            yield from (str(path) for path in below if not path.name.startswith(".") and _is_image(path))
        else:
            yield name


def _is_image(path: Path) -> bool:
    """Whether a file begins as an image does; one that can't be read is not passed over in silence."""
    from common.contract import Refused
    from common.screening import sniff

    try:
        with path.open("rb") as file:
            sniff(file.read(64))
    except OSError:
        return True
    except Refused:
        return False
    return True


def _caption(name: str, captioner: "Captioner", settings: "InferenceSettings") -> dict[str, object]:
    """Caption one photo as `--json` prints it."""
    from common.contract import Code, Refused
    from common.screening import decode
    from inference.captioner import Deadline, DeadlineExceeded

    started = time.perf_counter()
    try:
        data = _read(name, settings.max_image_bytes)
        found = captioner.caption(decode(data, captioner.input_size), Deadline.after(settings.caption_deadline))
    except OSError as error:
        return {"file": name, "error": "unreadable", "message": f"That file can't be read: {error.strerror}."}
    except Refused as refused:
        return {"file": name, "error": refused.code.value, "message": refused.message}
    except DeadlineExceeded:
        message = "That photo took longer than CAPTION_DEADLINE allows."
        return {"file": name, "error": Code.DEADLINE_EXCEEDED.value, "message": message}
    return {"file": name, "caption": found.text, "processing_time": round(time.perf_counter() - started, 4)}


def _read(name: str, limit: int) -> bytes:
    """Read a photo; of one that is too large, no more than it takes to tell its size."""
    from common.screening import check_length

    if name == STDIN:
        data = sys.stdin.buffer.read(limit + 1)
    else:
        check_length(Path(name).stat().st_size, limit)
        data = Path(name).read_bytes()
    check_length(len(data), limit)
    return data
