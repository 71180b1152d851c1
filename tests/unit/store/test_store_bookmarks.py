"""Bookmarks: kept, moved, told apart."""

import pytest

from bouncesink.errors import StoreError
from bouncesink.store.bookmarks import keep_bookmark, read_bookmark


def test_without_a_database_there_is_none(section):
    assert read_bookmark(section, "/a") is None
    with pytest.raises(StoreError):
        keep_bookmark(section, "/a", 1, "x")


async def test_each_source_has_its_own_and_it_moves(database, section):
    for source, position, mark in (("/a", 1, "x"), ("/a", 5, "y"), ("/a/b", 7, "z"), ("/a%", 9, ""), ("/\udcff", 2, "m")):
        keep_bookmark(section, source, position, mark)
    found = {source: read_bookmark(section, source) for source in ("/a", "/a/b", "/a%", "/\udcff", "/")}
    assert found == {"/a": (5, "y"), "/a/b": (7, "z"), "/a%": (9, ""), "/\udcff": (2, "m"), "/": None}
