"""The feed: what other systems sync from. A row is added in the transaction that records what it tells, and never edited.

Promises: ``seq`` only grows; one writer commits in its order and a rolled-back number is given again, so whoever has seen N
has seen everything below it, and the numbers have no gaps. ``body`` is a snapshot: absent keys are values that there were
none of. Knows nothing of who reads it or how far they are.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bouncesink.store.connection import Connection
from bouncesink.store.text import moment

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class FeedType(StrEnum):
    """What happened."""

    VERDICT_RECORDED = "verdict.recorded"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One row. ``recipient`` is as in the verdict, None where nobody is named."""

    seq: int
    at: datetime
    type: str
    recipient: str | None
    verdict_id: int | None
    body: dict[str, Any]


def encode_body(facts: dict[str, Any]) -> str:
    """JSON of what there is; None and "" are left out. The texts in ``facts`` are storable already."""
    return _encode({key: value for key, value in facts.items() if value is not None and value != ""})


class Feed:
    """The reading side, on a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def after(self, seq: int, limit: int = 1_000) -> tuple[FeedEntry, ...]:
        """Up to ``limit`` entries above ``seq``, in their order."""
        rows = await self._connection.fetch(
            "SELECT seq, at, type, recipient, verdict_id, body FROM feed WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
        )
        return tuple(
            FeedEntry(row["seq"], moment(row["at"]), row["type"], row["recipient"], row["verdict_id"], json.loads(row["body"]))
            for row in rows
        )
