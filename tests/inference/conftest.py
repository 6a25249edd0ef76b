"""The starter model, loaded once, and the endpoint that serves it."""

from collections.abc import Iterator

import pytest

from inference.captioner import Captioner
from inference.loading import load_captioner
from inference.settings import InferenceSettings
from tests.inference.serving import PATIENT, Painter, serving


@pytest.fixture(scope="session")
def captioner() -> Captioner:
    return load_captioner(InferenceSettings())


@pytest.fixture(scope="session")
def url(captioner: Captioner) -> Iterator[str]:
    with serving(PATIENT, captioner) as address:
        yield address


@pytest.fixture(scope="session")
def painter_url() -> Iterator[str]:
    """An endpoint whose captions tell what its captioner was shown."""
    with serving(PATIENT, Painter()) as address:
        yield address
