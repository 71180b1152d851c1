"""Many rows with few statements. Each statement gives the interpreter's lock away and asks for it again at each of its steps,
and while the loop's thread is busy that costs more than a row does.

Promises: whatever the number of rows, the statements are of a handful of lengths, so that sqlite3 keeps them all prepared.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeVar

from bouncesink.store.text import Row

_T = TypeVar("_T")

# Rows in one statement: nearly every number up to the largest is a sum of two. SQLite takes 32,766 values.
_LENGTHS = (64, 48, 32, 24, 16, 12, *range(8, 0, -1))


def insert_many(
    connection: sqlite3.Cursor | sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    added: Sequence[Row],
    conflict: str = "",
) -> None:
    """Add rows in their order; ``conflict`` says what happens to those that are there."""
    for some in pieces(added):
        connection.execute(_statement(table, columns, conflict, len(some)), list(chain.from_iterable(some)))


def pieces(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """``values``, cut into few pieces of a handful of lengths."""
    start, left = 0, len(values)
    for length in _LENGTHS:
        while left >= length:
            yield values[start : start + length]
            start += length
            left -= length


@lru_cache(maxsize=64)
def places(count: int) -> str:
    """That many places for values."""
    return ", ".join("?" * count)


@lru_cache(maxsize=128)
def _statement(table: str, columns: tuple[str, ...], conflict: str, count: int) -> str:
    row = f"({places(len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)} {conflict}"  # noqa: S608 - ours
