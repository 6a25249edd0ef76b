"""Photos come in by every way, and leave with a caption or a sentence."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from common.contract import Refused
from common.samples import FOLDER
from common.screening import decode
from tests.bot.web.browser.browsing import PATIENCE, File, captions, drop, messages, paste, pick, samples, take
from tests.bot.web.browser.conftest import Endpoint
from tests.inference.images import encoded, photo, pixel_bomb

CAT = File("cat.jpg", encoded(photo(), "JPEG"))
SUNSET = File("sunset.png", encoded(photo(300, 400), "PNG"), "image/png")


def test_a_photo_that_is_picked_gets_a_caption_and_bears_it_as_its_description(page: Page) -> None:
    pick(page, CAT)
    [caption] = captions(page, 1)
    expect(messages(page, "user").get_by_role("img", name=caption, exact=True)).to_be_visible()
    expect(messages(page, "assistant").last.get_by_text(re.compile(r"^\d+\.\d\d s$"))).to_be_visible()


def test_a_photo_that_is_dropped_gets_a_caption(page: Page, tmp_path: Path) -> None:
    path = tmp_path / CAT.name
    path.write_bytes(CAT.data)
    drop(page, path)
    captions(page, 1)


def test_a_photo_that_is_pasted_gets_a_caption(page: Page) -> None:
    paste(page, SUNSET.data)
    captions(page, 1)


def test_a_photo_that_is_taken_with_the_camera_gets_a_caption(page: Page) -> None:
    take(page)
    captions(page, 1)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_several_photos_get_a_caption_each_in_their_order(page: Page) -> None:
    pick(page, CAT, SUNSET, File("heavy.jpg", encoded(Image.effect_noise((2000, 1500), 90), "JPEG", quality=95)))
    texts = captions(page, 3)
    pictures = messages(page, "user").get_by_role("img")
    assert [picture.get_attribute("alt") for picture in pictures.all()] == texts


def test_a_sample_is_one_click_or_one_key_away(page: Page) -> None:
    samples(page).first.focus()
    page.keyboard.press("Enter")
    captions(page, 1)
    samples(page).last.click()
    captions(page, 2)


def test_every_sample_photo_has_a_description(page: Page) -> None:
    described = samples(page).get_by_role("img").all()
    assert len(described) == len(list(FOLDER.glob("*.jpg")))
    assert all((image.get_attribute("alt") or "").startswith("Sample: ") for image in described)


@pytest.mark.parametrize("clipboard", ["navigator.clipboard", "undefined"])
def test_a_caption_can_be_copied_with_and_without_a_secure_address(page: Page, clipboard: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ value: {clipboard} }})")
    samples(page).first.click()
    [caption] = captions(page, 1)
    page.get_by_role("button", name="Copy caption").click()
    expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    page.get_by_role("textbox").click()
    page.keyboard.press("Control+V")
    expect(page.get_by_role("textbox")).to_have_value(caption)


REFUSED = {
    "empty.jpg": b"",
    "large.jpg": encoded(photo(), "JPEG") + bytes(6 * 1024 * 1024),
    "bomb.png": pixel_bomb(),
    "truncated.jpg": CAT.data[: len(CAT.data) // 2],
    "header.png": SUNSET.data[:40],
    "letter.pdf": b"%PDF-1.7 a letter",
    "notes.txt": b"These are words and no picture.",
}


def _sentence(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        decode_as_sent(data)
    return refused.value.message


def decode_as_sent(data: bytes) -> None:
    from common.screening import inspect

    inspect(data)
    decode(data, (224, 224))


def test_each_refusal_is_the_sentence_of_the_screening_rules_and_never_leaves_the_page(
    page: Page, endpoint: Endpoint
) -> None:
    asked = endpoint.asked
    pick(page, *(File(name, data, "application/octet-stream") for name, data in REFUSED.items()))
    refusals = messages(page, "assistant").get_by_role("alert")
    expect(refusals).to_have_count(len(REFUSED), timeout=PATIENCE)
    assert refusals.all_inner_texts() == [_sentence(data) for data in REFUSED.values()]
    assert endpoint.asked == asked


def test_the_name_of_a_refused_file_is_shown_as_it_is(page: Page) -> None:
    # As Markdown it would fetch an image, from anywhere.
    name = "![here](fetched.png) *bold*.txt"
    pick(page, File(name, b"These are words and no picture.", "application/octet-stream"))
    expect(messages(page, "assistant").get_by_role("alert")).to_have_count(1, timeout=PATIENCE)
    expect(messages(page, "user").last.get_by_text(name)).to_be_visible()
    expect(messages(page, "user").last.get_by_role("img")).to_have_count(0)


def test_photos_that_are_dropped_while_another_waits_are_each_asked_once(page: Page, endpoint: Endpoint) -> None:
    asked = endpoint.asked
    endpoint.freeze()
    for number in range(3):
        pick(page, File(f"{number}.jpg", encoded(photo(100 + number), "JPEG")))
    endpoint.thaw()
    captions(page, 3)
    assert endpoint.asked == asked + 3


def test_words_alone_are_answered_with_what_to_do(page: Page) -> None:
    page.get_by_role("textbox").fill("what can you do?")
    page.keyboard.press("Enter")
    expect(messages(page, "assistant").get_by_role("alert")).to_contain_text("I can describe photos only")


def test_a_cleared_conversation_is_gone(page: Page) -> None:
    samples(page).first.click()
    captions(page, 1)
    page.get_by_role("button", name="Clear the conversation").click()
    expect(messages(page, "user")).to_have_count(0)
    captions(page, 0)
