"""The worker on one machine, before it begins."""

import pytest

from webhooks.local.dispatcher import is_too_old


@pytest.mark.parametrize(
    ("python", "sqlite", "too_old"),
    [
        ((3, 11, 7), (3, 40, 1), False),
        ((3, 12, 1), (3, 40, 1), True),
        ((3, 12, 1), (3, 41, 2), True),
        ((3, 12, 1), (3, 42, 0), False),
        ((3, 12, 12), (3, 46, 1), False),
    ],
)
def test_a_sqlite_that_dbos_cannot_use_is_known(
    python: tuple[int, ...], sqlite: tuple[int, ...], too_old: bool
) -> None:
    assert is_too_old(sqlite, python) is too_old
