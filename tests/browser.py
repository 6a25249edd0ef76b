"""A browser without a window: one of the system's, or else that of `playwright install chromium`."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # A camera that shows a test picture, and a person who always allows it.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)


def launch(playwright: Playwright) -> Browser:
    """Start the browser, with a profile of its own that ends with it."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=found, args=FLAGS)
