"""Streamlit, set up for captionbot: private, quiet, and with no stack trace on the page."""

from pathlib import Path

from streamlit.web.cli import main

# More than the endpoint takes, so that a photo that is a little too large is told so in our own words.
UPLOAD_LIMIT = 25  # MB, Streamlit's unit

OPTIONS = {
    "browser.gatherUsageStats": "false",
    "server.headless": "true",
    "server.enableXsrfProtection": "true",
    "server.maxUploadSize": str(UPLOAD_LIMIT),
    "server.fileWatcherType": "none",
    "runner.magicEnabled": "false",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "logger.hideWelcomeMessage": "true",
    # Both have a contrast of at least 4.5 with white and black, where they are the colour of text or behind it.
    "theme.light.primaryColor": "#0f6b66",
    "theme.dark.primaryColor": "#4fc3b8",
    # So that even faded text, which has 60 % of it, keeps that contrast.
    "theme.light.textColor": "#101514",
    "theme.baseRadius": "0.75rem",
    "theme.headingFontSizes": "2rem",
    "theme.paddingTop": "1rem",
    "theme.paddingBottom": "1.5rem",
}


def serve(script: Path, host: str, port: int) -> None:
    """Serve a Streamlit script until SIGINT or SIGTERM; it ends the process if the port is taken."""
    options = {**OPTIONS, "server.address": host, "server.port": str(port)}
    flags = [f"--{name}={value}" for name, value in options.items()]
    main.main(args=["run", *flags, str(script)], standalone_mode=False)
