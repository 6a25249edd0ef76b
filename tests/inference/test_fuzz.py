"""The endpoint against whatever its own OpenAPI document allows, and much that it does not.

Wherever the document says "bytes of an image", images of every format are sent, most of them damaged.
"""

from http import HTTPStatus

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from common.contract import Code
from tests.inference.images import encoded, photo

IMAGES = [encoded(photo(40, 30), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")]
TYPES = [*("application/octet-stream", "image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"),
         *("image/tiff", "image/heic", "image/avif")]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An image with some bytes changed, and perhaps its end cut off."""
    data = bytearray(draw(st.sampled_from(IMAGES)))
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=8)):
        data[place] = value
    return bytes(data[: draw(st.integers(1, len(data)))] if draw(st.booleans()) else data)


BYTES = st.binary(max_size=200) | st.sampled_from(IMAGES) | damaged()
schemathesis.openapi.format("binary", BYTES)
for kind in TYPES:
    schemathesis.openapi.media_type(kind, BYTES)


@pytest.fixture(scope="module")
def document(url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["promised", "not promised"])
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_about_a_caption_is_one_that_the_document_promises(
    document: schemathesis.BaseSchema, mode: GenerationMode, data: st.DataObject
) -> None:
    case = data.draw(document["/caption"]["POST"].as_strategy(generation_mode=mode))
    answer = case.call()
    # What the document cannot say: which bytes are an image. 501, 503 and 504 are no fault: the starter has no details.
    case.validate_response(answer, excluded_checks=[positive_data_acceptance, not_a_server_error])
    assert answer.status_code < 500 or answer.status_code in {501, 503, 504}
    if answer.status_code in {code.status for code in Code}:
        assert HTTPStatus(answer.status_code) == Code(answer.json()["error"]).status
