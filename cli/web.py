"""`captionbot web`: a chat in the browser."""

from pathlib import Path

import click

from cli.serving import bot_settings


@click.command(name="web")
@click.option("--port", default=8501, show_default=True, help="The port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 lets a phone in.")
def command(port: int, host: str) -> None:
    """Chat with the captioner in the browser: drop, paste, take or pick photos.

    The captions come from the endpoint at INFERENCE_URL, such as `captionbot serve`.
    """
    settings = bot_settings()

    import bot.web
    from bot.client import CaptionClient
    from bot.web.server import serve

    CaptionClient(settings)  # it says what is missing
    click.echo(
        f"The web chat is on http://{host}:{port}, its captioner on {settings.inference_address}. Ctrl-C stops it."
    )
    serve(Path(bot.web.__file__).with_name("page.py"), host, port)
