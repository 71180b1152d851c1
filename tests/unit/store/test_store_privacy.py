"""A database keeps addresses or pseudonyms of one key, from its first row on, and never both."""

from datetime import UTC, datetime

import pytest

from bouncesink.errors import StoreError
from bouncesink.store.operator import open_operator
from bouncesink.store.privacy import agree_beside
from bouncesink.store.selection import Selection

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_where_there_is_no_database_there_is_nothing_to_agree_with(section):
    agree_beside(section, "one", NOW)
    assert not section.path.exists()


async def test_a_new_one_is_what_it_is_first_used_as(database, section, rows):
    agree_beside(section, None, NOW)
    assert rows("SELECT * FROM privacy") == []
    for _ in range(2):
        agree_beside(section, "one", NOW)
    assert rows("SELECT fingerprint FROM privacy") == [("one",)]
    for other, words in (("two", "another privacy key"), (None, "keeps pseudonyms")):
        with pytest.raises(StoreError, match=words):
            agree_beside(section, other, NOW)
    assert rows("SELECT fingerprint FROM privacy") == [("one",)]


@pytest.mark.parametrize("by_hand", [True, False])
async def test_one_that_has_addresses_is_refused(database, bounce, section, rows, by_hand):
    if by_hand:
        with open_operator(section, "anna", NOW) as operator:
            operator.suppress(Selection(addresses=("a@example.com",)))
    else:
        await database.intake.record(*bounce(1).arguments)
    with pytest.raises(StoreError, match="needs a new one"):
        agree_beside(section, "one", NOW)
    agree_beside(section, None, NOW)
    assert rows("SELECT * FROM privacy") == []
