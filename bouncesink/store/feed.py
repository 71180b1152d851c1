"""The feed: what other systems sync from. A row is added in the transaction that records what it tells, and never edited.

Promises: ``seq`` only grows; one writer commits in its order and a rolled-back number is given again, so whoever has seen N has
seen everything below it, and the numbers have no gaps. A row points at its verdict, which is never edited either; ``body`` has
only what an event adds to that. Knows nothing of who reads it or how far they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bouncesink.core.verdict import Verdict
from bouncesink.store.connection import Connection
from bouncesink.store.rows import verdict_of
from bouncesink.store.text import moment

_AFTER = (
    "SELECT seq, at, type, feed.recipient AS about, body, verdicts.* FROM feed LEFT JOIN verdicts ON verdicts.id = verdict_id "
    "WHERE seq > ? ORDER BY seq LIMIT ?"
)


class FeedType(StrEnum):
    """What happened."""

    VERDICT_RECORDED = "verdict.recorded"


# One row for each verdict from an id on, in their order.
ANNOUNCE_VERDICTS = (
    f"INSERT INTO feed (at, type, recipient, verdict_id) SELECT ?, '{FeedType.VERDICT_RECORDED}', recipient, id "  # noqa: S608 - ours
    "FROM verdicts WHERE id >= ? ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One row. ``recipient`` is None where nobody is named; ``verdict``, ``verdict_id`` and ``mail_id`` where none is meant."""

    seq: int
    at: datetime
    type: FeedType
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
        """Up to ``limit`` entries above ``seq``, in their order."""
        return tuple(
            FeedEntry(
                seq=row["seq"],
                at=moment(row["at"]),
                type=FeedType(row["type"]),
                recipient=row["about"],
                verdict_id=row["id"],
                mail_id=row["mail_id"],
                verdict=None if row["id"] is None else verdict_of(row),
                body=json.loads(row["body"]),
            )
            for row in await self._connection.fetch(_AFTER, (seq, limit))
        )
