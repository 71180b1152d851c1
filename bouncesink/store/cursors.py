"""Cursors: how far each reader of the feed has come, by name. A cursor moves when its reader says so, and never by reading.

Promises: a cursor moves forward only, unless it is told to go back; it never stands past the end of the feed. One that does not
exist, and a seq past that end, are a StoreError, and nothing is changed. Written by short-lived writers beside the server.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreError, StoreMisses, StoreRefuses
from bouncesink.store.beside import beside
from bouncesink.store.text import moment, storable, timestamp

LAST_SEQ = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'feed'), 0)"


@dataclass(frozen=True, slots=True)
class Cursor:
    """``seq`` is the last entry that its reader has acknowledged, 0 before the first."""

    name: str
    seq: int
    moved_at: datetime


def create(section: StoreSection, name: str, now: datetime, seq: int = 0) -> Cursor:
    """A new cursor that has acknowledged everything up to ``seq``. StoreRefuses where the name is taken."""
    with beside(section, "making a cursor") as connection:
        if _find(connection, name) is not None:
            raise StoreRefuses(f"there is a cursor {name!r} already; without --new it is moved")
        _check_seq(connection, seq)
        connection.execute("INSERT INTO cursors (name, seq, moved_at) VALUES (?, ?, ?)", (storable(name), seq, timestamp(now)))
    return Cursor(name, seq, now)


def acknowledge(section: StoreSection, name: str, seq: int, now: datetime, *, back: bool = False) -> Cursor:
    """Its reader has everything up to ``seq``. Where it had more nothing moves, unless ``back``. Gives where it stands."""
    with beside(section, "moving a cursor") as connection:
        found = _find(connection, name)
        if found is None:
            raise unknown(name)
        _check_seq(connection, seq)
        if seq <= found.seq and not back:
            return found
        connection.execute("UPDATE cursors SET seq = ?, moved_at = ? WHERE name = ?", (seq, timestamp(now), storable(name)))
    return Cursor(name, seq, now)


def drop(section: StoreSection, name: str) -> None:
    """Forget a cursor."""
    with beside(section, "dropping a cursor") as connection:
        if not connection.execute("DELETE FROM cursors WHERE name = ?", (storable(name),)).rowcount:
            raise unknown(name)


def cursor_of(row: sqlite3.Row) -> Cursor:
    return Cursor(row["name"], row["seq"], moment(row["moved_at"]))


def unknown(name: str) -> StoreMisses:
    return StoreMisses(
        f"there is no cursor {name!r}; `bouncesink feed cursors` shows them, `bouncesink feed ack NAME SEQ --new` makes one"
    )


def past_the_end(seq: int, last: int) -> StoreMisses:
    return StoreMisses(f"the feed has no seq {seq} yet: it ends at {last}")


def _find(connection: sqlite3.Connection, name: str) -> Cursor | None:
    row = connection.execute("SELECT * FROM cursors WHERE name = ?", (storable(name),)).fetchone()
    return None if row is None else cursor_of(row)


def _check_seq(connection: sqlite3.Connection, seq: int) -> None:
    if seq < 0:
        raise StoreError(f"seq {seq} is below 0")
    last = int(connection.execute(LAST_SEQ).fetchone()[0])
    if seq > last:
        raise past_the_end(seq, last)
