"""Standings: the recipients table, as the fold of ``core.recipient`` over verdicts, and the feed's rows that tell its changes.

Runs inside somebody's transaction (the writer's, an operator's, a replay's) and begins or ends none. Promises: a recipient is
read and written in the transaction that records what changed it, so a crash, another process or a restart folds the same; each
change is one row of the feed, so whoever replays the feed has the table. Knows nothing of why a standing follows.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson

from bouncesink.core import event
from bouncesink.core.occurrence import Occurrence
from bouncesink.core.policy import Policies
from bouncesink.core.recipient import Recipient, advance
from bouncesink.core.standing import Standing
from bouncesink.core.value import value
from bouncesink.core.verdict import Reason, Verdict
from bouncesink.store.feed import FeedType
from bouncesink.store.many import insert_many, pieces, places
from bouncesink.store.submission import Story
from bouncesink.store.text import Row, as_json, moment, storable, timestamp

_COLUMNS = (
    *("recipient_key", "recipient", "stream", "standing", "since", "until", "reason", "points", "why", "memory"),
    "updated_at",
)
# All that are asked for as one JSON text, since each row by itself would be a step of the statement.
_READ = f"SELECT json_group_array(json_array({', '.join(_COLUMNS)})) FROM recipients"  # noqa: S608 - ours
_STANDINGS = {str(each): each for each in Standing}
_REASONS = {str(each): each for each in Reason}
_REPLACED = "ON CONFLICT (recipient_key) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
# People compare these in the feed with those in the table: both are spelled alike.
_TIMES = tuple((name, _COLUMNS.index(name)) for name in event.TIMES)
_FEED_COLUMNS = ("at", "type", "recipient", "verdict_id", "body")


@value
class Fresh:
    """A verdict that is being recorded, with its row, and what the fold needs of its mail. ``held``: an incident holds it,
    as its row says, and it counts for nothing.
    """

    mail_id: int
    verdict: Verdict
    row: Row
    story: Story
    held: bool = False


class Changes:
    """What verdicts and acts make of the recipients, and what the feed is told of them: collected first, written once."""

    def __init__(self, connection: sqlite3.Cursor | sqlite3.Connection, at: datetime) -> None:
        self._connection = connection
        self._at = timestamp(at)
        self._known: dict[str, Recipient | None] = {}
        self._rows: dict[str, Row | None] = {}  # of those that changed; None: gone
        self._told: list[Row] = []

    def announce(self, verdicts: Iterable[tuple[int, str | None]]) -> None:
        """Tell the feed of verdicts, by their ids and recipients. Before whatever they change."""
        at, kind = self._at, str(FeedType.VERDICT_RECORDED)
        self._told += [(at, kind, recipient, number, "{}") for number, recipient in verdicts]

    def load(self, keys: Iterable[str]) -> None:
        """Read what stands of these, in few statements."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._known]
        self._known |= dict.fromkeys(wanted)
        for some in pieces(wanted):
            (found,) = self._connection.execute(f"{_READ} WHERE recipient_key IN ({places(len(some))})", some).fetchone()
            for values in orjson.loads(found):
                self._known[values[0]] = _recipient(*values)

    def __getitem__(self, key: str) -> Recipient | None:
        return self._known[key]

    def put(self, key: str, after: Recipient | None, verdict_id: int | None = None) -> bool:
        """``key`` is now ``after``; whether that is a change."""
        told = event.of(self._known[key], after)
        if told is None:
            return False
        self._known[key] = after
        recipient, row, body = None, None, told.body
        if after is not None:
            memory = as_json(body["memory"])
            recipient, row = after.recipient, row_of(after, memory)
            body = {**body, **{name: row[place] for name, place in _TIMES}, "memory": orjson.Fragment(memory)}
        self._rows[key] = row
        self._told.append((self._at, str(told.type), recipient, verdict_id, as_json(body)))
        return True

    def write(self) -> int:
        """Write them, and tell the feed. Gives how many entries the feed got."""
        insert_many(self._connection, "recipients", _COLUMNS, [row for row in self._rows.values() if row], _REPLACED)
        gone = [(key,) for key, row in self._rows.items() if row is None]
        if gone:
            self._connection.executemany("DELETE FROM recipients WHERE recipient_key = ?", gone)
        insert_many(self._connection, "feed", _FEED_COLUMNS, self._told)
        return len(self._told)


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
        at=story.received_at,
        key=key,
        recipient=storable(verdict.recipient),
        stream=story.stream,
        kind=verdict.kind,
        class_=verdict.class_,
        reason=verdict.reason,
        fault=verdict.fault,
        authenticity=verdict.authenticity,
        disposition=verdict.disposition,
        bounce=story.bounce,
        token=story.token,
    )


def row_of(recipient: Recipient, memory: str) -> Row:
    """``memory`` is the recipient's, as JSON."""
    updated_at = timestamp(recipient.updated_at)
    return (
        recipient.key,
        recipient.recipient,
        recipient.stream,
        str(recipient.standing),
        updated_at if recipient.since is recipient.updated_at else timestamp(recipient.since),
        timestamp(recipient.until) if recipient.until else None,
        str(recipient.reason) if recipient.reason else None,
        recipient.points,
        f"[{','.join(map(str, recipient.why))}]",
        memory,
        updated_at,
    )


def recipient_of(row: sqlite3.Row) -> Recipient:
    """The inverse of ``row_of``."""
    return _recipient(*[row[name] for name in _COLUMNS])


def _recipient(  # noqa: PLR0913, PLR0917 - the columns, in their order
    key: str,
    recipient: str,
    stream: str,
    standing: str,
    since: str,
    until: str | None,
    reason: str | None,
    points: int,
    why: str,
    memory: str,
    updated_at: str,
) -> Recipient:
    return Recipient(
        key=key,
        recipient=recipient,
        stream=stream,
        standing=_STANDINGS[standing],
        since=moment(since),
        until=moment(until) if until else None,
        reason=_REASONS[reason] if reason else None,
        points=points,
        why=tuple(orjson.loads(why)),
        memory=event.memory_of(orjson.loads(memory)),
        updated_at=moment(updated_at),
    )
