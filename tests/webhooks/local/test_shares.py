"""Who may be in work at once."""

from dataclasses import dataclass

from webhooks.local.shares import Shares


@dataclass(frozen=True)
class Photo:
    platform: str
    workspace: str
    number: int
    tried: bool = False


def slack(number: int, workspace: str = "T1") -> Photo:
    return Photo("slack", workspace, number)


def telegram(number: int) -> Photo:
    return Photo("telegram", f"chat-{number}", number)


def fill(shares: Shares, waiting: list[Photo]) -> list[Photo]:
    """Begin with as many as there is room for."""
    begun = []
    while (chosen := shares.choose(waiting)) is not None:
        waiting.remove(chosen)
        shares.begin(str(chosen.number), chosen)
        begun.append(chosen)
    return begun


def test_of_no_platform_and_no_workspace_are_all_in_work() -> None:
    assert len(fill(Shares(8), [slack(number) for number in range(20)])) == 6
    assert len(fill(Shares(8), [slack(number, f"T{number}") for number in range(20)])) == 6
    assert len(fill(Shares(8), [telegram(number) for number in range(20)])) == 6
    assert len(fill(Shares(1), [slack(1)])) == 1


def test_who_has_least_in_work_is_next_and_of_those_who_came_first() -> None:
    shares = Shares(8)
    fill(shares, [slack(1), slack(2), slack(3)])
    waiting = [slack(4), telegram(5), telegram(6), slack(7, "T2")]
    assert [party.number for party in fill(shares, waiting)] == [5, 6, 7, 4]


def test_who_is_late_makes_room_and_there_is_an_end_to_that() -> None:
    shares = Shares(8)
    waiting = [slack(number) for number in range(40)]
    begun = []
    while more := fill(shares, waiting):
        begun += more
        for party in more:
            shares.late(str(party.number))
    # Of 16 places for the slow ones three in four, and of the 8 others too.
    assert len(begun) == 18
    assert len(fill(shares, [telegram(100), telegram(101), telegram(102)])) == 2
    # Who comes to an end makes room among the slow ones, and so for one who waits.
    shares.end(str(begun[0].number))
    assert len(fill(shares, waiting)) == 1


def test_what_fails_again_and_again_takes_no_place_of_a_new_photo() -> None:
    shares = Shares(8)
    again = [Photo("slack", "T1", number, tried=True) for number in range(40)]
    assert len(fill(shares, again)) == 12
    for number in range(12):
        shares.late(str(number))
    assert len(fill(shares, [slack(number) for number in range(100, 120)])) == 6
    assert len(fill(shares, [telegram(200), telegram(201)])) == 2


def test_one_at_a_time_is_one_besides_the_slow_ones() -> None:
    shares = Shares(1)
    assert len(fill(shares, [slack(1), slack(2)])) == 1
    shares.late("1")
    assert len(fill(shares, [telegram(3)])) == 1


def test_who_came_to_an_end_meanwhile_is_not_late() -> None:
    shares = Shares(4)
    fill(shares, [slack(1)])
    shares.end("1")
    shares.late("1")
    assert len(fill(shares, [slack(number) for number in range(2, 9)])) == 3
