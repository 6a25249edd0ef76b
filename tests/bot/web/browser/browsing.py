"""What a person does on the page, and what can be seen there."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

PATIENCE = 60_000  # milliseconds


@dataclass(frozen=True)
class File:
    name: str
    data: bytes
    media_type: str = "image/jpeg"


def messages(page: Page, who: str) -> Locator:
    """The bubbles of "user" or "assistant"; the assistant's first one is its greeting."""
    return page.get_by_role("group", name=f"Chat message from {who}")


def samples(page: Page) -> Locator:
    """The buttons of the sample photos."""
    return page.get_by_role("group", name="Sample photos").get_by_role("button")


def pick(page: Page, *files: File) -> None:
    """Attach files with the button of the chat box, and send them."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files([FilePayload(name=f.name, mimeType=f.media_type, buffer=f.data) for f in files])
    send(page, len(files))


def drop(page: Page, *paths: Path) -> None:
    """Drag files from a folder onto the chat box, and send them."""
    box = page.get_by_test_id("stChatInput").bounding_box()
    assert box is not None
    drag = {
        "x": box["x"] + box["width"] / 2,
        "y": box["y"] + box["height"] / 2,
        "data": {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1},
    }
    devtools = page.context.new_cdp_session(page)
    for event in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": event, **drag})
    send(page, len(paths))


def paste(page: Page, picture: bytes) -> None:
    """Copy a PNG as an image program would, paste it into the chat box, and send it."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async base64 => {
            const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
            const picture = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }""",
        base64.b64encode(picture).decode(),
    )
    page.get_by_role("textbox").click()
    page.keyboard.press("Control+V")
    send(page, 1)


def take(page: Page) -> None:
    """Take a photo with the camera."""
    page.get_by_role("button", name="Camera", exact=True).click()
    page.locator("video").wait_for()
    trigger = page.get_by_role("dialog").get_by_role("button", name="Take Photo")
    # The picture starts anew when its size is settled, and a click takes none until it runs again.
    while trigger.is_visible():
        trigger.click()
        page.wait_for_timeout(1000)


def send(page: Page, count: int) -> None:
    """Press the button once so many files are up: it is greyed out until then."""
    expect(page.get_by_test_id("stFileChip")).to_have_count(count, timeout=PATIENCE)
    page.get_by_role("button", name="Send message").click(timeout=PATIENCE)


def captions(page: Page, count: int) -> Sequence[str]:
    """Wait for so many captions, and return them in the order of the page."""
    answers = messages(page, "assistant").filter(has=page.get_by_role("button", name="Copy caption"))
    shown = answers.get_by_role("status").filter(has_text=re.compile(r"\w"))
    expect(shown).to_have_count(count, timeout=PATIENCE)
    return shown.all_inner_texts()
