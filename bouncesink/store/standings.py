"""Standings: the recipients table, as the fold of ``core.recipient`` over verdicts, and the feed's rows that tell its changes.

Runs inside somebody's transaction (the writer's, an operator's, a replay's) and begins or ends none. Promises: a recipient is
read and written in the transaction that records what changed it, so a crash, another process or a restart folds the same; each
change is one row of the feed, so whoever replays the feed has the table. Knows nothing of why a standing follows.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from bouncesink.core import event
from bouncesink.core.occurrence import Occurrence
from bouncesink.core.policy import Policies
from bouncesink.core.recipient import Recipient, advance
from bouncesink.core.standing import Standing
from bouncesink.core.value import value
from bouncesink.core.verdict import Reason, Verdict
from bouncesink.store.submission import Story
from bouncesink.store.text import Row, as_json, moment, storable, timestamp

_AT_ONCE = 500

_COLUMNS = (
    *("recipient_key", "recipient", "stream", "standing", "since", "until", "reason", "points", "why", "memory"),
    "updated_at",
)
_UPSERT = f"INSERT OR REPLACE INTO recipients ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - ours
_ANNOUNCE = "INSERT INTO feed (at, type, recipient, verdict_id, body) VALUES (?, ?, ?, ?, ?)"


@value
class Fresh:
    """A verdict that is being recorded, with its row, and what the fold needs of its mail."""

    mail_id: int
    verdict: Verdict
    row: Row
    story: Story


class Changes:
    """What a run of occurrences and acts makes of the recipients: collected first, written once."""

    def __init__(self, connection: sqlite3.Cursor | sqlite3.Connection, at: datetime) -> None:
        self._connection = connection
        self._at = timestamp(at)
        self._known: dict[str, Recipient | None] = {}
        self._changed: set[str] = set()
        self._memories: dict[str, str] = {}  # as they go to the table and to the feed alike
        self._events: list[Row] = []

    def load(self, keys: Iterable[str]) -> None:
        """Read what stands of these, in few statements."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._known]
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            self._known |= dict.fromkeys(some)
            places = ", ".join("?" * len(some))
            for row in self._connection.execute(f"SELECT * FROM recipients WHERE recipient_key IN ({places})", some):  # noqa: S608 - places
                self._known[row["recipient_key"]] = recipient_of(row)

    def __getitem__(self, key: str) -> Recipient | None:
        return self._known[key]

    def put(self, key: str, after: Recipient | None, verdict_id: int | None = None) -> bool:
        """``key`` is now ``after``; whether that is a change."""
        told = event.of(self._known[key], after)
        if told is None:
            return False
        self._known[key] = after
        self._changed.add(key)
        self._memories[key] = as_json(told.body.get("memory", {}))
        body = as_json({"recipient_key": key, "memory": {}, **told.body})
        self._events.append((self._at, str(told.type), after.recipient if after else None, verdict_id, body))
        return True

    def write(self) -> int:
        """Write them, and tell the feed. Gives how many entries the feed got."""
        rows = [row_of(after, self._memories[key]) for key in self._changed if (after := self._known[key]) is not None]
        gone = [(key,) for key in self._changed if self._known[key] is None]
        if rows:
            self._connection.executemany(_UPSERT, rows)
        if gone:
            self._connection.executemany("DELETE FROM recipients WHERE recipient_key = ?", gone)
        if self._events:
            self._connection.executemany(_ANNOUNCE, self._events)
        return len(self._events)


def fold(changes: Changes, occurrences: Sequence[Occurrence], policies: Policies) -> None:
    """Advance each recipient by what happened, in their order."""
    changes.load([occurrence.key for occurrence in occurrences])
    for occurrence in occurrences:
        before = changes[occurrence.key]
        after = advance(before, occurrence, policies.of(occurrence.stream))
        if after is not before:
            changes.put(occurrence.key, after, occurrence.verdict_id)


def occurrence_of(verdict_id: int, key: str, verdict: Verdict, story: Story) -> Occurrence:
    """``key`` is the verdict's recipient_key."""
    assert verdict.recipient is not None
    return Occurrence(
        verdict_id=verdict_id,
        at=as_kept(story.received_at),
        key=key,
        recipient=storable(verdict.recipient),
        stream=storable(story.stream),
        kind=verdict.kind,
        class_=verdict.class_,
        reason=verdict.reason,
        fault=verdict.fault,
        authenticity=verdict.authenticity,
        disposition=verdict.disposition,
        bounce=storable(story.bounce),
        token=storable(story.token),
    )


def as_kept(at: datetime) -> datetime:
    """The milliseconds that the tables keep: folded now or from them, it comes to the same."""
    return at.replace(microsecond=at.microsecond // 1_000 * 1_000)


def row_of(recipient: Recipient, memory: str) -> Row:
    """``memory`` is the recipient's, as JSON."""
    return (
        recipient.key,
        recipient.recipient,
        recipient.stream,
        str(recipient.standing),
        timestamp(recipient.since),
        timestamp(recipient.until) if recipient.until else None,
        str(recipient.reason) if recipient.reason else None,
        recipient.points,
        f"[{','.join(map(str, recipient.why))}]",
        memory,
        timestamp(recipient.updated_at),
    )


def recipient_of(row: sqlite3.Row) -> Recipient:
    """The inverse of ``row_of``."""
    return Recipient(
        key=row["recipient_key"],
        recipient=row["recipient"],
        stream=row["stream"],
        standing=Standing(row["standing"]),
        since=moment(row["since"]),
        until=moment(row["until"]) if row["until"] else None,
        reason=Reason(row["reason"]) if row["reason"] else None,
        points=row["points"],
        why=tuple(json.loads(row["why"])),
        memory=event.memory_of(json.loads(row["memory"])),
        updated_at=moment(row["updated_at"]),
    )
