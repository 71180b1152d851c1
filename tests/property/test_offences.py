"""Errors remembered from one connection to the next: who is known, who is not, and how soon it is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from bouncesink.fronts import offences
from bouncesink.fronts.offences import MOST, REDEEMED, Offences

FREE, LIMIT, HALF_LIFE = 20, 1_000, 600.0
NET = bytes([192, 0, 2])


def known(errors: int, now: float = 0.0, limit: int = LIMIT) -> Offences:
    memory = Offences(limit, FREE, HALF_LIFE)
    for _ in range(errors):
        memory.offend(NET, now)
    return memory


def test_what_is_carried_is_what_no_session_has_for_itself() -> None:
    assert known(FREE).carried(NET, 0) == 0
    assert known(FREE + 1).carried(NET, 0) == 1
    assert known(FREE + 100).carried(NET, 0) == 100
    assert known(FREE + 100).carried(bytes([192, 0, 3]), 0) == 0


def test_half_is_forgotten_in_its_time() -> None:
    memory = known(2 * FREE + 2)
    assert memory.carried(NET, HALF_LIFE - 1) == 1
    assert memory.carried(NET, HALF_LIFE) == 1
    assert memory.carried(NET, HALF_LIFE + 60) == 0
    assert memory.of(NET, 0) == memory.of(NET, -5), "a clock that goes back forgets nothing and adds nothing"


def test_the_limit_is_the_last_that_is_let_in() -> None:
    assert not known(LIMIT).refuses(NET, 0)
    assert known(LIMIT + 1).refuses(NET, 0)


def test_nobody_is_refused_for_longer_than_half_of_it_takes() -> None:
    memory = known(50 * LIMIT)
    assert memory.refuses(NET, HALF_LIFE - 1)
    assert not memory.refuses(NET, HALF_LIFE)


def test_a_mail_that_was_recorded_takes_some_back() -> None:
    memory = known(FREE + 15)
    memory.redeem(NET, 0)
    assert memory.carried(NET, 0) == 15 - REDEEMED
    for _ in range(3):
        memory.redeem(NET, 0)
    assert len(memory) == 0
    memory.redeem(NET, 0)
    assert memory.of(NET, 0) == 0.0


def test_none_is_remembered_without_a_limit_or_a_network() -> None:
    memory = known(5, limit=0)
    assert len(memory) == 0
    assert not memory.refuses(NET, 0)
    memory = known(0)
    memory.offend(None, 0)
    memory.redeem(None, 0)
    assert len(memory) == 0
    assert not memory.refuses(None, 0)
    assert memory.carried(None, 0) == 0


def test_the_longest_untouched_goes_first() -> None:
    memory = known(1)
    for number in range(MOST - 1):
        memory.offend(b"net%d" % number, 1)
    memory.offend(NET, 2)
    memory.offend(b"one more", 3)
    assert len(memory) == offences.MOST
    assert memory.of(NET, 3) > 1
    assert memory.of(b"net0", 3) == 0.0


EVENTS = st.lists(st.tuples(st.sampled_from(["error", "mail"]), st.floats(0, 3_600)), max_size=200)


@given(EVENTS)
def test_it_is_never_more_than_was_made_nor_than_twice_the_limit(events: list[tuple[str, float]]) -> None:
    memory, now, errors = Offences(50, FREE, HALF_LIFE), 0.0, 0
    for what, later in events:
        now += later
        if what == "error":
            memory.offend(NET, now)
            errors += 1
        else:
            memory.redeem(NET, now)
        assert 0 <= memory.of(NET, now) <= min(errors, 100)
        assert memory.of(NET, now + HALF_LIFE * 60) < 1


@given(st.lists(st.tuples(st.integers(0, REDEEMED), st.floats(0, 60)), max_size=300))
def test_who_has_a_mail_recorded_for_every_ten_errors_is_never_known(turns: list[tuple[int, float]]) -> None:
    memory, now = Offences(FREE + 1, FREE, HALF_LIFE), 0.0
    for errors, later in turns:
        now += later
        for _ in range(errors):
            memory.offend(NET, now)
        assert memory.carried(NET, now) == 0
        assert not memory.refuses(NET, now)
        memory.redeem(NET, now)
