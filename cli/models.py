"""`captionbot models`: what is known to work."""

import click


@click.command(name="models")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def command(as_json: bool) -> None:
    """List models that are known to work: their licence and size, and what was measured of them.

    Set CAPTION_MODEL to a name of the list; `captionbot export NAME FOLDER` makes a folder of it for another machine.
    What is marked torch needs CAPTION_ENGINE=torch.
    """
    import msgspec

    from inference.models import HEADINGS, KNOWN, measured, rows

    found = measured()
    if as_json:
        listed = [
            msgspec.to_builtins(model) | {"measured": msgspec.to_builtins(found.models.get(model.name))}
            for model in KNOWN
        ]
        click.echo(msgspec.json.encode({"measured_on": found.machine, "models": listed}))
        return
    table = [HEADINGS, *rows(found)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo(f"\nMeasured on {found.machine}.")
    click.echo("To use one: CAPTION_MODEL=NAME captionbot serve. For another machine: captionbot export NAME FOLDER.")
