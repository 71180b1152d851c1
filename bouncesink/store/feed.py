"""The feed: what other systems sync from. A row is added in the transaction that records what it tells, and never edited.

Promises: ``seq`` only grows; one writer commits in its order and a rolled-back number is given again, so whoever has seen N has
seen everything below it, and the numbers have no gaps. A row points at its verdict, which is never edited either; ``body`` has
only what an event adds to that. Knows nothing of who reads it or how far they are.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from sqlite3 import Row
from typing import Any

from bouncesink.config.sections import StoreSection
from bouncesink.core.event import EventType
from bouncesink.core.verdict import Verdict
from bouncesink.errors import StoreError
from bouncesink.store.connection import Connection
from bouncesink.store.cursors import LAST_SEQ, Cursor, cursor_of, past_the_end, unknown
from bouncesink.store.queries import reading
from bouncesink.store.rows import verdict_of
from bouncesink.store.text import moment, storable

_AFTER = (
    "SELECT seq, at, type, feed.recipient AS about, body, verdicts.* FROM feed LEFT JOIN verdicts ON verdicts.id = verdict_id "
    "WHERE seq > ? ORDER BY seq LIMIT ?"
)


class FeedType(StrEnum):
    """What happened beside the changes of a standing, which are ``core.event.EventType``."""

    VERDICT_RECORDED = "verdict.recorded"
    VERDICT_REVISED = "verdict.revised"


_TYPES: dict[str, FeedType | EventType] = {str(each): each for each in (*FeedType, *EventType)}


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One row. ``recipient`` is None where nobody is named; ``verdict``, ``verdict_id`` and ``mail_id`` where none is meant."""

    seq: int
    at: datetime
    type: FeedType | EventType
    recipient: str | None
    verdict_id: int | None
    mail_id: int | None
    verdict: Verdict | None
    body: Mapping[str, Any]


class Feed:
    """The reading side, on a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def after(self, seq: int, limit: int = 1_000) -> tuple[FeedEntry, ...]:
        """Up to ``limit`` entries above ``seq``, in their order. StoreError where ``seq`` is ahead of the feed, or retention
        has removed entries above it: going on from there would skip some.
        """
        found = await self._connection.fetch(_AFTER, (seq, limit))
        if not found or found[0]["seq"] != seq + 1:
            await self._check(seq, found[0]["seq"] if found else None)
        return tuple(map(_entry_of, found))

    async def last(self) -> int:
        """The newest seq, 0 where there is none yet."""
        return int((await self._connection.fetch(LAST_SEQ))[0][0])

    async def first(self) -> int:
        """The oldest seq that is still kept; one above the newest where none is."""
        return int((await self._connection.fetch(f"SELECT coalesce((SELECT min(seq) FROM feed), ({LAST_SEQ}) + 1)"))[0][0])  # noqa: S608 - ours

    async def cursor(self, name: str) -> Cursor:
        """StoreError where there is none of that name."""
        found = await self._connection.fetch("SELECT * FROM cursors WHERE name = ?", (storable(name),))
        if not found:
            raise unknown(name)
        return cursor_of(found[0])

    async def cursors(self) -> tuple[Cursor, ...]:
        return tuple(map(cursor_of, await self._connection.fetch("SELECT * FROM cursors ORDER BY name")))

    async def _check(self, seq: int, found: int | None) -> None:
        last = await self.last()
        if seq > last:
            raise past_the_end(seq, last)
        first = found or await self.first()
        if seq + 1 < first:
            raise StoreError(f"the feed begins at {first}: retention removed what stood between that and {seq}")


@asynccontextmanager
async def open_feed(section: StoreSection) -> AsyncIterator[Feed]:
    """Read the feed of the database at ``section.path``, whether or not a server runs on it. StoreError as ``open_queries``."""
    async with reading(section) as connection:
        yield Feed(connection)


def _entry_of(row: Row) -> FeedEntry:
    return FeedEntry(
        seq=row["seq"],
        at=moment(row["at"]),
        type=_TYPES[row["type"]],
        recipient=row["about"],
        verdict_id=row["id"],
        mail_id=row["mail_id"],
        verdict=None if row["id"] is None else verdict_of(row),
        body=json.loads(row["body"]),
    )
