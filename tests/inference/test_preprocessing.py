"""Photos become the same numbers as with transformers' own image processors."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import checkpoint
from inference.checkpoint import Checkpoint
from inference.hub import find
from inference.preprocessing import pixel_values
from tests.inference import checkpoints


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    folders: dict[str, Path] = {
        family: checkpoints.save(tmp_path_factory.mktemp(family), family, "bert") for family in checkpoints.PROCESSORS
    }
    return {family: checkpoint.load(find(str(folder))) for family, folder in folders.items()}


@settings(max_examples=40, deadline=None)
@given(
    family=st.sampled_from(sorted(checkpoints.PROCESSORS)),
    seed=st.integers(0, 1000),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
)
def test_stretched_cropped_and_shortest_edge_photos_equal_those_of_transformers(
    loaded: dict[str, Checkpoint], family: str, seed: int, width: int, height: int
) -> None:
    chosen = loaded[family]
    photo = checkpoints.photo(seed, (width, height))
    expected = chosen.processor(photo, return_tensors="np")["pixel_values"]
    found = pixel_values(photo, chosen.preprocessing)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6)
