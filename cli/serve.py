"""`captionbot serve`: the captioning endpoint."""

import click


@click.command(name="serve")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")  # noqa: S104 (containers)
def command(port: int, host: str) -> None:
    """Serve the captioning endpoint: POST /caption, GET /ping, and its documentation on /docs."""
    from inference.startup import load, startup

    try:
        with startup() as background:
            from common import logs
            from common.port import PortTaken, bound
            from common.settings import read_settings
            from inference.captioner import ModelError
            from inference.settings import InferenceSettings

            settings = read_settings(InferenceSettings)
            logs.configure(secrets=settings.secrets)
            listener = bound(host, port)
            loading = load(settings, background)
            from common.server import serve
            from inference.endpoint import create_app
        app = create_app(settings, loading.result())
    except (PortTaken, ModelError) as error:
        raise click.ClickException(str(error)) from None
    serve(app, listener, settings.caption_deadline, settings.trusted_proxies, settings.stop_patience)
