"""`captionbot serve`: the captioning endpoint."""

import click


@click.command(name="serve")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")  # noqa: S104 (containers)
def command(port: int, host: str) -> None:
    """Serve the captioning endpoint: POST /caption, GET /ping, and its documentation on /docs."""
    import uvicorn

    from inference import logs
    from inference.app import create_app
    from inference.captioner import ModelError, load_captioner
    from inference.settings import InferenceSettings, SettingsError, read_settings

    try:
        settings = read_settings(InferenceSettings)
        logs.configure(secrets=[settings.inference_api_key])
        captioner = load_captioner(settings)
    except (SettingsError, ModelError) as error:
        raise click.ClickException(str(error)) from None
    uvicorn.run(create_app(settings, captioner), host=host, port=port, log_config=None, access_log=False)
