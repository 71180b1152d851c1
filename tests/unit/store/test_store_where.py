"""A batch is written on the loop's thread while the database answers at once, and nowhere near it otherwise."""

import pytest

from bouncesink.store.where import MOST_MAILS, MOST_OCTETS, Where

QUICK = (0.001, 0.000_3)  # seconds in all, and of the flush
SLOW = (0.006, 0.005)  # a disk in a cloud
COLD = (0.015, 0.000_3)  # the flush is quick, the pages are not in memory
STALLED = (0.5, 0.499)


@pytest.fixture
def where():
    proved = Where()
    proved.written_elsewhere()
    return proved


def test_the_first_batch_is_written_elsewhere():
    assert not Where().is_here(1, 1, 0.0)


@pytest.mark.parametrize(
    ("mails", "octets", "here"),
    [
        (1, 1, True),
        (MOST_MAILS, MOST_OCTETS, True),
        (MOST_MAILS + 1, 1, False),
        (1, MOST_OCTETS + 1, False),
    ],
)
def test_a_large_batch_is_written_elsewhere(where, mails, octets, here):
    assert where.is_here(mails, octets, 0.0) is here


@pytest.mark.parametrize(
    ("story", "away_for"),
    [
        ([], 0.0),
        ([QUICK], 0.0),
        ([SLOW], 0.6),
        ([COLD], 1.5),
        ([QUICK, QUICK, QUICK, SLOW], 0.0),  # one in four may be
        ([QUICK, QUICK, QUICK, SLOW, SLOW], 0.6),
        ([QUICK] * 100 + [SLOW] * 2, 0.0),
        ([QUICK] * 100 + [SLOW] * 3, 0.6),
        ([QUICK] * 100 + [STALLED], 50.0),
    ],
)
def test_slow_batches_send_the_next_ones_elsewhere_for_a_hundred_times_as_long(where, story, away_for):
    for seconds, flush in story:
        where.written_here(1, seconds, flush, 1_000.0)
    if away_for:
        assert not where.is_here(1, 1, 1_000.0 + away_for - 0.01)
    assert where.is_here(1, 1, 1_000.0 + away_for)


def test_after_that_one_slow_batch_is_enough(where):
    for seconds, flush in [QUICK] * 100 + [SLOW] * 3:
        where.written_here(1, seconds, flush, 1_000.0)
    where.written_here(1, *SLOW, 1_001.0)
    assert not where.is_here(1, 1, 1_001.5)


@pytest.mark.parametrize(("mails", "here"), [(1, False), (100, True)])
def test_a_batch_of_many_may_take_longer(where, mails, here):
    where.written_here(mails, 0.02, 0.001_5, 1_000.0)
    assert where.is_here(1, 1, 1_000.0) is here


def test_after_a_failure_the_next_one_is_written_elsewhere(where):
    where.failed()
    assert not where.is_here(1, 1, 1_000.0)
    where.written_elsewhere()
    assert where.is_here(1, 1, 1_000.0)
