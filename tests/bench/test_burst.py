"""The measuring itself, on a small burst: `make bench` has the figures."""

from tests.bench import burst


def test_a_burst_is_measured_from_the_delivery_to_the_last_reply() -> None:
    found = burst.run(photos=20, seconds=0.5)
    assert found.replies == {1: 20}
    assert len(found.waits) == 20
    assert 0 < found.percentile(0.5) <= found.percentile(0.99) < 1000 * found.until_last
    for early, late in (found.door, found.worker):
        assert 10 < early < 1000 and 10 < late < 1000
