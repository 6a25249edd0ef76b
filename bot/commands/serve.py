"""`captionbot serve`: the captioning endpoint."""

import click


@click.command(name="serve")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")  # noqa: S104 (containers)
def command(port: int, host: str) -> None:
    """Serve the captioning endpoint: POST /caption, GET /ping, and its documentation on /docs."""
    from inference.startup import load, startup

    try:
        with startup() as aside:
            from inference import logs
            from inference.captioner import ModelError
            from inference.port import PortTaken, bound
            from inference.settings import InferenceSettings, SettingsError, read_settings

            settings = read_settings(InferenceSettings)
            logs.configure(secrets=settings.secrets)
            listener = bound(host, port)
            loading = load(settings, aside)
            from inference.app import create_app
            from inference.server import serve
        app = create_app(settings, loading.result())
    except (SettingsError, PortTaken, ModelError) as error:
        raise click.ClickException(str(error)) from None
    serve(app, listener, settings.caption_deadline)
