"""The fake file host: renditions, the bearer check and its login page."""

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.sandbox.slack import BOT_TOKEN, SlackSandbox
from tests.sandbox.slack_photos import Upload


def photo(width: int, height: int, format_: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, format_)
    return buffer.getvalue()


def file_of(slack: SlackSandbox, upload: Upload | bytes) -> dict[str, Any]:
    file: dict[str, Any] = slack.upload("C0GENERAL", [upload]).payload["event"]["files"][0]
    return file


async def get(url: str, token: str | None = BOT_TOKEN) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers, allow_redirects=False) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_a_rendition_bounds_the_longest_side(slack: SlackSandbox) -> None:
    file = file_of(slack, photo(1600, 900))
    assert (file["thumb_360_w"], file["thumb_360_h"]) == (360, 203)
    assert (file["thumb_480_w"], file["thumb_480_h"]) == (480, 270)
    assert "thumb_64_w" not in file
    status, media_type, body = await get(file["thumb_360"])
    assert (status, media_type) == (200, "image/jpeg")
    with Image.open(io.BytesIO(body)) as image:
        assert image.size == (360, 203)


def test_nothing_is_rendered_larger_than_it_is(slack: SlackSandbox) -> None:
    file = file_of(slack, photo(400, 300))
    assert (file["thumb_480_w"], file["thumb_480_h"]) == (400, 300)
    assert "thumb_720" not in file


def test_what_cannot_be_rendered_has_no_renditions(slack: SlackSandbox) -> None:
    assert not [name for name in file_of(slack, Upload(b"%PDF-1.7", "paper.pdf")) if name.startswith("thumb")]


async def test_the_original_comes_back_byte_for_byte(slack: SlackSandbox) -> None:
    sent = photo(300, 300, "PNG")
    file = file_of(slack, Upload(sent, "chart.png"))
    assert (file["mimetype"], file["size"]) == ("image/png", len(sent))
    assert await get(file["url_private"]) == (200, "image/png", sent)


@pytest.mark.parametrize("token", [None, "xoxb-wrong"])
async def test_a_wrong_token_sees_the_login_page_with_status_200(slack: SlackSandbox, token: str | None) -> None:
    status, media_type, body = await get(file_of(slack, photo(300, 300))["url_private"], token)
    assert (status, media_type) == (200, "text/html")
    assert b"Sign in" in body


async def test_a_missing_scope_may_also_redirect_to_the_login_page(slack: SlackSandbox) -> None:
    slack.credentials.scopes.remove("files:read")
    slack.file_host.login = "redirect"
    file = file_of(slack, photo(300, 300))
    assert (await get(file["url_private"]))[0] == 302
    assert [d.outcome for d in slack.workspace.downloads] == ["redirect to login"]


async def test_a_connect_file_is_a_stub_until_asked_for(slack: SlackSandbox) -> None:
    stub = file_of(slack, Upload(photo(300, 300), stub=True))
    assert stub["file_access"] == "check_file_info"
    assert "url_private" not in stub
    url = f"{slack.api_url}files.info?file={stub['id']}"
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert (await answer.json())["file"]["mimetype"] == "image/jpeg"


def test_renditions_may_be_late(slack: SlackSandbox) -> None:
    assert "thumb_360" not in file_of(slack, Upload(photo(800, 600), renditions_after=2, mimetype=""))


async def test_enterprise_grid_keeps_the_bytes_on_another_host_that_wants_the_token_too(slack: SlackSandbox) -> None:
    slack.file_host.origin = slack.origin_url
    sent = photo(300, 300)
    url = file_of(slack, sent)["url_private"]
    assert (await get(url))[0] == 302
    elsewhere = url.replace(slack.files_url, slack.origin_url)
    assert (await get(elsewhere, None))[1] == "text/html"
    assert await get(elsewhere) == (200, "image/jpeg", sent)


async def test_a_deleted_file_is_not_found(slack: SlackSandbox) -> None:
    sent = slack.upload("C0GENERAL", [photo(300, 300)])
    slack.delete_files(sent)
    assert (await get(sent.payload["event"]["files"][0]["url_private"]))[0] == 404


async def test_a_video_has_a_still(slack: SlackSandbox) -> None:
    file = file_of(slack, Upload(b"\0\0\0\x18ftypmp42", "clip.mp4", poster=photo(640, 360)))
    assert (file["mimetype"], file["thumb_video_w"], file["thumb_video_h"]) == ("video/mp4", 640, 360)
    assert (await get(file["thumb_video"]))[:2] == (200, "image/jpeg")
