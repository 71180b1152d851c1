"""What stays is looked through once: a collection under load finds only what the mails left."""

import gc

import pytest

from bouncesink.process.heap import settle


@pytest.fixture(autouse=True)
def _as_before():
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_stays_is_left_out():
    kept = [[number] for number in range(1_000)]
    settle()
    assert not any(each is kept for each in gc.get_objects())
    assert gc.get_freeze_count() > len(kept)


def test_what_has_gone_since_is_found_the_next_time():
    """A book that was replaced is garbage once nobody judges by it."""

    class Book:
        def __init__(self) -> None:
            self.itself = self

    book = Book()
    settle()
    del book
    settle()
    assert not any(isinstance(each, Book) for each in gc.get_objects(generation=2))
    gc.unfreeze()
    assert not any(isinstance(each, Book) for each in gc.get_objects())
