"""Selections: which recipients an operator means, by name, by standing, by reason, by time or by incident.

All that is given must hold. Promises: bounded pages in the order of the key, so that a long list is walked in short steps while
others write. Knows nothing of what is done with them.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bouncesink.core.address import address_key
from bouncesink.core.recipient import Recipient
from bouncesink.core.verdict import Reason
from bouncesink.store.many import places
from bouncesink.store.standings import recipient_of
from bouncesink.store.text import storable, timestamp

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """``addresses`` however they are spelled; ``standing`` a word of core.recipient's Standing; ``since`` and ``before`` bound
    the time since which they stand where they stand; ``incident`` an incident's id. Nothing given means everybody.
    """

    addresses: tuple[str, ...] = ()
    standing: str | None = None
    reason: Reason | None = None
    since: datetime | None = None
    before: datetime | None = None
    incident: int | None = None

    @property
    def everybody(self) -> bool:
        return self == Selection()

    def condition(self) -> tuple[str, list[object]]:
        """For a WHERE over ``recipients``, with its parameters."""
        terms: list[tuple[str, object]] = []
        if self.addresses:
            keys = json.dumps([key_of(address) for address in self.addresses])
            terms.append(("recipient_key IN (SELECT value FROM json_each(?))", keys))
        if self.standing is not None:
            # The second half lets SQLite use the index, which is of these alone.
            terms.append(("standing = ?" + ("" if self.standing == "ok" else " AND standing <> 'ok'"), str(self.standing)))
        if self.reason is not None:
            terms.append(("reason = ?", str(self.reason)))
        if self.since is not None:
            terms.append(("since >= ?", timestamp(self.since)))
        if self.before is not None:
            terms.append(("since < ?", timestamp(self.before)))
        if self.incident is not None:
            held = (
                "SELECT recipient_key FROM held JOIN verdicts ON verdicts.id = verdict_id OR verdicts.revises = verdict_id "
                "WHERE held.incident_id = ?"
            )
            terms.append((f"recipient_key IN ({held})", self.incident))
        return " AND ".join(term for term, _ in terms) or "1", [value for _, value in terms]


def key_of(address: str) -> str:
    """The ``recipient_key`` of an address."""
    return storable(address_key(address))


def keys_of(connection: sqlite3.Connection, selection: Selection, at_once: int) -> Iterator[list[str]]:
    """The keys that are known and selected, in pages of ``at_once``."""
    condition, values = selection.condition()
    sql = f"SELECT recipient_key FROM recipients WHERE recipient_key > ? AND {condition} ORDER BY recipient_key LIMIT ?"  # noqa: S608 - values are bound
    last = ""
    while page := [row[0] for row in connection.execute(sql, (last, *values, at_once))]:
        yield page
        last = page[-1]


def recipients_in(connection: sqlite3.Connection, selection: Selection, limit: int) -> list[Recipient]:
    """Those that a selection means, the one that came to stand there last first."""
    condition, parameters = selection.condition()
    sql = f"SELECT * FROM recipients WHERE {condition} ORDER BY since DESC, recipient_key LIMIT ?"  # noqa: S608 - ours
    return [recipient_of(row) for row in connection.execute(sql, (*parameters, limit))]


def count_in(connection: sqlite3.Connection, selection: Selection) -> int:
    """How many a selection means."""
    condition, parameters = selection.condition()
    return int(connection.execute(f"SELECT count(*) FROM recipients WHERE {condition}", parameters).fetchone()[0])  # noqa: S608 - ours


def recipients_by(
    connection: sqlite3.Connection, keys: Sequence[str], asked: Callable[[int], object] = lambda _: None
) -> dict[str, Recipient]:
    """Those of ``keys`` that anything is known of; ``asked`` is told each time of how many more it was asked."""
    found: dict[str, Recipient] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        sql = f"SELECT * FROM recipients WHERE recipient_key IN ({places(len(some))})"  # noqa: S608 - places
        for row in connection.execute(sql, some):
            found[row["recipient_key"]] = recipient_of(row)
        asked(len(some))
    return found
