"""`captionbot run` with Telegram only: a machine with no public URL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.conftest import make_photo
from tests.sandbox.endpoint import sentence_of
from tests.webhooks.local.machine import Machine, machine


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as here:
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
            del here.environment[name]
        yield here


def test_a_photo_and_an_album_are_answered_without_a_public_url(here: Machine) -> None:
    here.start("run")
    chat = here.telegram.private()
    photo = here.telegram.send_photo(chat, make_photo(640, 480, quality=60))
    here.telegram.wait_until(lambda: here.telegram.replies(photo))
    assert here.telegram.replies(photo)[0].text == sentence_of(here.endpoint.seen[0].image)
    album = here.telegram.send_album(chat, [make_photo(640, 480), make_photo(480, 640)], shuffle=True)
    here.telegram.wait_until(lambda: here.telegram.replies(album[0]))
    assert [line[:2] for line in here.telegram.replies(album[0])[0].text.splitlines()] == ["1.", "2."]
    here.stop()
    assert len(here.telegram.world.sent) == 2


def test_a_bot_that_has_a_webhook_says_how_to_remove_it(here: Machine) -> None:
    here.telegram.set_webhook("http://127.0.0.1:9/telegram/webhook")
    process = here.start("run")
    assert process.wait(30) == 2
    assert "captionbot telegram delete-webhook" in here.log.read_text()
    assert "Traceback" not in here.log.read_text()
