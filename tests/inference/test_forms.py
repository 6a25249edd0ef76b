"""Photos as clients write their forms and bodies, byte for byte, over a real socket."""

import base64

import httpx
import pytest

from inference.settings import InferenceSettings
from tests.inference.serving import JPEG, Slow, connected, everything, post, refused, serving

KIND = {"Content-Type": "multipart/form-data; boundary=x"}


def part(head: bytes, content: bytes = JPEG) -> bytes:
    return b"--x\r\nContent-Disposition: form-data" + head + b"\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


TEXTS = [part(b'; name="field%d"' % number, b"some text") for number in range(12)]
EMPTY = part(b'; name="second"; filename=""\r\nContent-Type: application/octet-stream', b"")


@pytest.mark.parametrize(
    "body",
    [
        form(part(b'; name="image"')),
        form(part(b"; name=image")),
        form(part(b'; name="image"\r\nContent-Type: image/jpeg')),
        form(part(b"; name=\"image\"; filename*=UTF-8''caf%C3%A9.jpg")),
        form(part(b"; filename*=UTF-8''a.jpg; name=\"picture\"")),
        form(part(b'; name="image"; filename=""')),
        form(part(b'; name="image"; filename="a.jpg"\r\nContent-Type: binary/octet-stream')),
        form(part(b'; name="image"; filename="a.jpg"'), EMPTY),
        form(EMPTY, part(b'; name="image"; filename="a.jpg"')),
        form(*TEXTS, part(b'; name="image"; filename="a.jpg"'), *TEXTS),
        form(part(b'; name="file"; filename="a.jpg"')),
        form(part(b'; name="photo"; filename="a.jpg"'), *TEXTS),
        form(part(b'; name="file"')),
        form(part(b'; name="photo"')),
        form(part(b'; name="files[]"; filename="a.jpg"')),
        form(part(b'; filename="a.jpg"')),
        form(part(b'; NAME="image"; filename="a.jpg"')),
        form(part(b'; name="image"; filename="a.jpg"\r\nContent-Transfer-Encoding: binary')),
        form(
            part(
                b'; name="image"; filename="a.jpg"\r\nContent-Transfer-Encoding: base64', base64.encodebytes(JPEG)
            )
        ),
        form(part(b'; name="image"; filename="\\"quoted\\".jpg"')),
        form(part(b'; name="image"; filename="a;b.jpg"')),
        form(part(b'; name="image"; filename="caf\xe9.jpg"')),
        form(part(b'; name="image"; filename="a.jpg"')) + b"an epilogue",
    ],
    ids=[
        *("no filename", "no quotes", "type only", "filename*", "filename* first", "empty filename", "binary"),
        *("empty second", "empty first", "a dozen texts", "file", "photo and texts", "bare file", "bare photo"),
        *("files[]", "no name", "NAME", "encoding binary", "base64", "quotes in name", "semicolon", "Latin-1"),
        "epilogue",
    ],
)  # fmt: skip
def test_a_form_is_read_as_it_was_meant(url: str, body: bytes) -> None:
    answer = post(url, content=body, headers=KIND)
    assert answer.status_code == 200, answer.text


def test_a_boundary_may_be_quoted_and_the_type_be_in_capitals(url: str) -> None:
    body = form(part(b'; name="image"; filename="a.jpg"'))
    for kind in (
        'multipart/form-data; boundary="x"',
        "Multipart/Form-Data; BOUNDARY=x",
        "multipart/form-data;boundary=x",
    ):
        assert post(url, content=body, headers={"Content-Type": kind}).status_code == 200, kind


@pytest.mark.parametrize(
    "kind",
    ["binary/octet-stream", "application/binary", "application/x-www-form-urlencoded", "image/pjpeg", "image/*", ""],
)
def test_a_photo_that_is_the_body_may_have_any_type_of_bytes(url: str, kind: str) -> None:
    assert post(url, content=JPEG, headers={"Content-Type": kind}).status_code == 200


def test_no_content_type_at_all_is_no_trouble(url: str) -> None:
    with connected(url) as connection:
        connection.sendall(b"POST /caption HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG)
        assert connection.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize("files", [2, 3])
def test_of_two_photos_neither_is_chosen(url: str, files: int) -> None:
    body = form(*(part(b'; name="photo%d"; filename="a.jpg"' % number) for number in range(files)))
    assert "one image" in refused(post(url, content=body, headers=KIND), 400, "corrupt_image")


def test_a_slash_at_the_end_is_the_same_address(url: str) -> None:
    answer = httpx.post(f"{url}/caption/", content=JPEG, follow_redirects=False, timeout=60)
    assert answer.status_code == 200


@pytest.mark.parametrize(("proxy", "scheme"), [("https", b"https://"), ("http", b"http://")])
def test_behind_a_tls_proxy_other_redirects_stay_https(url: str, proxy: str, scheme: bytes) -> None:
    with connected(url) as connection:
        head = (
            f"GET /docs/ HTTP/1.1\r\nHost: captions.example\r\nX-Forwarded-Proto: {proxy}\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode())
        said = everything(connection)
    assert b"location: " + scheme + b"captions.example/docs\r\n" in said


def test_a_stranger_s_word_for_the_scheme_does_not_count() -> None:
    with serving(InferenceSettings(trusted_proxies=frozenset({"10.0.0.1"})), Slow(0)) as url:
        headers = {"X-Forwarded-Proto": "https"}
        answer = httpx.get(f"{url}/docs/", headers=headers, follow_redirects=False)
        assert answer.headers["Location"].startswith("http://")
