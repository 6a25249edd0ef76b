"""The README's pictures, taken of the running demo: `make screenshots` writes docs/chat.png and docs/thread.png."""

import re
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cli.demo import ROOT, Demo
from cli.processes import Processes
from common import samples
from tests.browser import launch

HERE = Path(__file__).parent
LARGEST = 300_000  # bytes
WIDTH, GAP = 1100, 24  # pixels


def main() -> None:
    """Start the demo, look at it, and stop it."""
    with TemporaryDirectory(prefix="captionbot-") as folder, Processes(ROOT, Path(folder)) as processes:
        demo = Demo(processes, Path(folder))
        demo.start()
        photos = sorted(samples.FOLDER.glob("*.jpg"))
        demo.in_slack(photos[-1])
        demo.in_telegram(photos[:3])
        with sync_playwright() as playwright:
            browser = launch(playwright)
            _save(_chat(browser, demo.web), "chat.png")
            _save(
                _side_by_side(_thread(browser, demo.web, "slack"), _thread(browser, demo.web, "telegram")), "thread.png"
            )
            browser.close()


def _chat(browser: Browser, url: str) -> Image.Image:
    """A conversation about two of the samples."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(url)
    for number, description in enumerate((samples.DESCRIPTIONS["cat"], samples.DESCRIPTIONS["receipt"])):
        page.get_by_role("button", name=f"Sample: {description}").click()
        page.get_by_role("button", name="Copy caption").nth(number).wait_for()
    return _settled(page)


def _thread(browser: Browser, url: str, platform: str) -> Image.Image:
    """The conversation of the sandbox's Slack or Telegram."""
    page = browser.new_page(viewport={"width": 620, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(f"{url}/{platform}")
    section = page.locator(f"section.{platform}")
    section.get_by_text(re.compile("captionbot|1[.]")).first.wait_for()
    page.wait_for_load_state("networkidle")
    return Image.open(BytesIO(section.screenshot()))


def _settled(page: Page) -> Image.Image:
    page.wait_for_load_state("networkidle")
    page.mouse.move(1, 1)
    # As high as the conversation is long.
    height = page.evaluate("document.querySelector('.stMain').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1000)
    return Image.open(BytesIO(page.screenshot()))


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + GAP + right.width, max(left.height, right.height)), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + GAP, 0))
    return both


def _save(image: Image.Image, name: str) -> None:
    """Write a PNG with a palette of its own, which a screen's picture seldom needs more than."""
    path = HERE / name
    image.convert("RGB").quantize(256).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {image.width} × {image.height}, {size // 1000} kB")
    if size > LARGEST:
        raise SystemExit(f"{name} is larger than {LARGEST // 1000} kB.")


if __name__ == "__main__":
    main()
