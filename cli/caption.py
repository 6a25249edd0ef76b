"""`captionbot caption`: photos on this machine."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cli.captioning import Take

STDIN = "-"


@click.command(name="caption")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="CSV", help="Write a table instead.")
@click.option("--sidecars", is_flag=True, help="Write each caption beside its photo instead, as photo.jpg.txt.")
@click.option("--endpoint", metavar="URL", help="Let that endpoint do the work; its key is INFERENCE_API_KEY.")
@click.option(
    "--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Photos sent at a time to it."
)
def command(
    photos: Sequence[str], as_json: bool, output: Path | None, sidecars: bool, endpoint: str | None, at_once: int
) -> None:
    """Caption photos on this machine: files, folders (every image below them), or - for standard input.

    A table or sidecars that are there already are gone on with: what has a caption is left alone, so the same command
    goes on where it was stopped. Exits with 1 if any photo got no caption.
    """
    if as_json + sidecars + (output is not None) > 1:
        raise click.UsageError("Choose one of --json, --output and --sidecars.")
    for name in photos:
        if "://" in name:
            raise click.UsageError(f"{name} is a URL. Download the photo first, then name the file.")
    if sidecars and STDIN in photos:
        raise click.UsageError("Standard input has no name to put a caption beside. Use --output, or name the file.")
    files = list(_files(photos))
    if not files:
        raise click.ClickException("There are no photos in there.")
    sys.exit(1 if _caption(files, as_json, output, sidecars, endpoint, at_once) else 0)


def _caption(
    files: Sequence[str], as_json: bool, output: Path | None, sidecars: bool, endpoint: str | None, at_once: int
) -> bool:
    """Caption what has no caption yet; whether any photo got none."""
    from cli.captions import Answer, Captions, Printed, Sidecars, Table

    captions: Captions
    try:
        captions = Table(output) if output else Sidecars() if sidecars else Printed(as_json, named=len(files) > 1)
    except OSError as error:
        raise click.ClickException(f"{output} can't be written: {error.strerror}.") from None
    left = [name for name in files if not captions.has(name)]
    failed = 0
    # On standard error, so that captions can be piped on.
    progress = click.progressbar(
        length=len(left), label="Captioning", file=sys.stderr, hidden=len(left) < 2 or not sys.stderr.isatty()
    )

    def take(answer: Answer) -> None:
        nonlocal failed
        failed += "error" in answer
        captions.take(answer)
        progress.update(1)

    try:
        with progress:
            if left:
                _work(left, endpoint, at_once, take)
    except KeyboardInterrupt:
        goes_on = " The same command goes on from here." if output or sidecars else ""
        raise click.ClickException(f"Stopped.{goes_on}") from None
    except OSError as error:  # of the table or a sidecar: a photo that can't be read is an answer
        raise click.ClickException(f"{error.filename or output} can't be written: {error.strerror}.") from None
    finally:
        captions.close()
    if output or sidecars:
        click.echo(_summary(len(files), len(left), failed), err=True)
    return failed > 0


def _work(left: Sequence[str], endpoint: str | None, at_once: int, take: "Take") -> None:
    import asyncio

    from cli.captioning import elsewhere, here
    from common.installation import remedy

    if endpoint is None:
        here(iter(left), take)
        return
    try:
        asyncio.run(elsewhere(endpoint, at_once, iter(left), take))
    except ModuleNotFoundError as missing:
        raise click.ClickException(f"`--endpoint` needs {missing.name}: {remedy('bot')}") from None


def _summary(files: int, left: int, failed: int) -> str:
    before = f" {files - left} had one before." if left < files else ""
    trouble = f" {failed} got none: run the same command again for them." if failed else ""
    return f"{left - failed} captions written.{before}{trouble}"


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
    from common.images.formats import MAGIC_BYTES, sniff

    try:
        with path.open("rb") as file:
            sniff(file.read(MAGIC_BYTES))
    except OSError:
        return True
    except Refused:
        return False
    return True
