"""Any text can be recorded, and reads back as valid UTF-8 without NUL; times sort as text."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.store.text import as_kept, moment, storable, storable_row, timestamp

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("reader@example.com", "reader@example.com"),
        ("J\u00fcrgen \U0001f600", "J\u00fcrgen \U0001f600"),
        (b"J\xfcrgen".decode("ascii", "surrogateescape"), "J\\xfcrgen"),
        ("a\0b", "a\\x00b"),
        ("\ud83d alone", "\\ud83d alone"),
        ("\udc7f is no escaped byte", "\\udc7f is no escaped byte"),
        ("back\\slash", "back\\slash"),
        ("", ""),
    ],
)
def test_spelling(text, stored):
    assert storable(text) == stored


@given(ANY_TEXT)
def test_any_text_survives_sqlite(text):
    with closing(sqlite3.connect(":memory:")) as connection:
        spelled = storable(text)
        read, length = connection.execute("SELECT :text, length(:text)", {"text": spelled}).fetchone()
        assert (read, length) == (spelled, len(spelled))


@given(ANY_TEXT)
def test_what_can_be_stored_is_left_alone(text):
    assert storable(storable(text)) == storable(text)


@given(st.lists(ANY_TEXT | st.none() | st.integers() | st.binary(), max_size=5))
def test_a_row_is_its_values(values):
    assert storable_row(tuple(values)) == tuple(storable(value) if isinstance(value, str) else value for value in values)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9, minutes=30)), timezone(-timedelta(hours=8))])))
def test_times_are_utc_with_milliseconds(at):
    if datetime.min.replace(tzinfo=UTC) + timedelta(days=1) < at < datetime.max.replace(tzinfo=UTC) - timedelta(days=1):
        text = timestamp(at)
        assert len(text) == 24
        assert text.endswith("Z")
        assert timedelta(0) <= at - moment(text) < timedelta(milliseconds=1)
        assert text == at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert as_kept(at) == moment(text)
