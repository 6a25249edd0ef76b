"""`captionbot export`: a checkpoint as a model folder for the onnx engine."""

from pathlib import Path
from typing import Literal

import click


@click.command(name="export")
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(["auto", "int8", "fp32"]),
    default="auto",
    show_default=True,
    help="auto: the smallest that keeps captions, measured on sample photos. int8: the smallest, whatever it keeps.",
)
def command(model: str, folder: Path, precision: Literal["auto", "int8", "fp32"]) -> None:
    """Export MODEL, a Hugging Face id or a checkpoint's folder, to FOLDER, which the onnx engine runs without torch.

    It needs torch and takes a minute or two. Then set CAPTION_MODEL to FOLDER.
    """
    from inference.captioner import ModelError
    from inference.export.room import require_free

    try:
        require_free(folder)  # before torch is loaded and a model downloaded
        from inference.export.exporter import export
        from inference.hub import find

        report = export(find(model), folder, precision, progress=lambda line: click.echo(line, err=True))
    except ModelError as error:
        raise click.ClickException(str(error)) from None
    click.echo(str(report))
