"""Incidents in the database: the detector's eyes and hands, inside the writer's transaction.

``Incidents.watch`` looks at the verdicts of a batch before they are written: one that belongs to a burst is recorded with
the disposition "hold". ``settle`` writes what that opened, fed and closed, and folds again, without their held verdicts,
those whose verdicts of the hour before belong to it too. ``close`` is a person's word: voided, what was held counts for
nothing for ever; released, it counts as it was judged.

Promises: only proven verdicts open or feed an incident, since anybody could forge the others; a detector that saw what was
then rolled back is made anew from the tables; an incident that is over by itself is voided. Begins and ends no transaction.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from bouncesink.core.incident import (
    Change,
    Detector,
    IncidentChange,
    IncidentKey,
    IncidentPolicy,
    Scope,
    Sighting,
    provider_of,
    sighting_of,
)
from bouncesink.core.policy import THE_RECIPIENTS, Policies
from bouncesink.core.value import value
from bouncesink.core.verdict import FailureClass, Fault, Reason
from bouncesink.errors import StoreError
from bouncesink.store.holding import FIRST, HOLDS
from bouncesink.store.refold import Folding, held_back, refold
from bouncesink.store.rows import VERDICT_COLUMNS, verdict_row
from bouncesink.store.standings import Changes, Fresh
from bouncesink.store.text import moment, storable, timestamp

_KEY = VERDICT_COLUMNS.index("recipient_key")
_HOUR = timedelta(hours=1)
_SEEDS = 20_000
_RECENT = 200_000
_OPEN = "SELECT id, scope, subject, reason, last_at FROM incidents WHERE closed_at IS NULL"
_FED = "UPDATE incidents SET last_at = max(last_at, ?), verdicts = verdicts + ?, recipients = recipients + ? WHERE id = ?"
_SEED = (
    "SELECT verdicts.recipient, recipient_key, remote_mta, class, reason, fault, received_at FROM verdicts "  # noqa: S608 - ours
    "JOIN mails ON mails.id = mail_id WHERE verdicts.kind = 'bounce' AND class = 'hard' AND verdicts.authenticity = 'proven' "
    "AND recipient_key IS NOT NULL AND reason IS NOT NULL AND verdicts.id > (SELECT coalesce(max(id), 0) - ? FROM verdicts) "
    f"AND {HOLDS} ORDER BY {FIRST}"
)
# Of whatever it holds, and of what that was corrected to.
_HELD_KEYS = (
    "SELECT recipient_key FROM held JOIN verdicts ON verdicts.id = verdict_id OR verdicts.revises = verdict_id "
    "WHERE incident_id = ? AND recipient_key IS NOT NULL GROUP BY recipient_key"
)


class Outcome(StrEnum):
    """What became of the verdicts that an incident held."""

    VOIDED = "voided"
    RELEASED = "released"


@value
class _Recent:
    """A verdict of the last hour that may yet turn out to belong to a burst."""

    at: datetime
    provider: str
    verdict_id: int
    key: str


@dataclass(slots=True)
class Seen:
    """What a batch has to write: changes, and for each incident the verdicts that it holds or is fed by."""

    changes: list[IncidentChange] = field(default_factory=list)
    held: dict[IncidentKey, list[int]] = field(default_factory=dict)
    fed: dict[IncidentKey, set[str]] = field(default_factory=dict)
    earlier: dict[str, None] = field(default_factory=dict)  # recipients of verdicts that were recorded before this batch


class Incidents:
    """Belongs to the writer, on its thread."""

    def __init__(self, policy: IncidentPolicy | None = None) -> None:
        self._policy = policy or IncidentPolicy()
        self._detector: Detector | None = None
        self._ids: dict[IncidentKey, int] = {}
        self._recent: deque[_Recent] = deque(maxlen=_RECENT)
        self._version = -1

    def distrust(self) -> None:
        """What the detector saw was rolled back."""
        self._detector = None

    def watch(self, cursor: sqlite3.Cursor, fresh: list[Fresh], first_verdict: int) -> Seen:
        """Look at a batch; those of ``fresh`` that belong to a burst get the disposition "hold"."""
        detector = self._ready(cursor)
        seen = Seen()
        for number, each in enumerate(fresh, first_verdict):
            sighting = sighting_of(each.verdict, cast("str", each.row[_KEY]), each.story.received_at)
            if sighting is not None:
                self._see(detector, sighting, number, seen)
        if fresh:
            seen.changes += detector.rest(fresh[-1].story.received_at)
        for numbers in seen.held.values():
            for number in numbers:
                if number >= first_verdict:
                    place = number - first_verdict
                    held = held_back(fresh[place].verdict)
                    fresh[place] = replace(fresh[place], verdict=held, row=verdict_row(held))
        return seen

    def settle(self, cursor: sqlite3.Cursor, seen: Seen, changes: Changes, policies: Policies, first_verdict: int) -> None:
        """Write what ``watch`` saw. The batch's verdicts stand in their table, and are not folded yet."""
        for change in seen.changes:
            if change.change is Change.OPENED:
                self._open(cursor, change)
        for key, recipients in seen.fed.items():
            held = seen.held.get(key, ())
            cursor.executemany("INSERT OR IGNORE INTO held VALUES (?, ?)", [(number, self._ids[key]) for number in held])
            at = max(change.at for change in seen.changes if change.key == key)
            count = sum(change.key == key for change in seen.changes if change.change is not Change.CLOSED)
            cursor.execute(
                _FED,
                (timestamp(at), max(count, len(held)), len(recipients), self._ids[key]),
            )
        if seen.earlier:
            refold(cursor, list(seen.earlier), changes, Folding(policies), before=first_verdict)
        for change in seen.changes:
            if change.change is Change.CLOSED and (number := self._ids.pop(change.key, None)) is not None:
                cursor.execute(
                    "UPDATE incidents SET closed_at = ?, outcome = ? WHERE id = ?",
                    (timestamp(change.at), str(Outcome.VOIDED), number),
                )

    def _see(self, detector: Detector, sighting: Sighting, number: int, seen: Seen) -> None:
        changes = detector.observe(sighting)
        if not changes:
            self._remember(sighting, number)
        for change in changes:
            seen.changes.append(change)
            seen.fed.setdefault(change.key, set()).add(sighting.recipient_key)
            if change.key.scope is Scope.BURST:
                held = seen.held.setdefault(change.key, [])
                held.append(number)
                if change.change is Change.OPENED:
                    for earlier in self._since(change.key.subject, change.since):
                        held.append(earlier.verdict_id)
                        seen.fed[change.key].add(earlier.key)
                        seen.earlier[earlier.key] = None

    def _remember(self, sighting: Sighting, number: int) -> None:
        if sighting.fault in THE_RECIPIENTS:
            recent = self._recent
            recent.append(_Recent(sighting.at, sighting.provider, number, sighting.recipient_key))
            while sighting.at - recent[0].at > _HOUR:
                recent.popleft()

    def _since(self, provider: str, since: datetime) -> Iterator[_Recent]:
        return (each for each in self._recent if each.provider == provider and each.at >= since)

    def _open(self, cursor: sqlite3.Cursor, change: IncidentChange) -> None:
        key, at = change.key, timestamp(change.at)
        cursor.execute(
            "INSERT INTO incidents (opened_at, last_at, scope, subject, reason) VALUES (?, ?, ?, ?, ?)",
            (at, at, str(key.scope), storable(key.subject), str(key.reason) if key.reason else None),
        )
        assert cursor.lastrowid is not None
        self._ids[key] = cursor.lastrowid

    def _ready(self, cursor: sqlite3.Cursor) -> Detector:
        """The detector, made anew if need be; what somebody else closed is closed in it too."""
        (version,) = cursor.execute("PRAGMA data_version").fetchone()
        detector = self._detector
        if detector is not None and version == self._version:
            return detector
        self._version = version
        still = {_key_of(row): row for row in cursor.execute(_OPEN).fetchall()}
        if detector is None:
            detector = self._detector = self._made(cursor)
            for key, row in still.items():
                detector.resume(key, moment(row["last_at"]))
        for key in set(self._ids) - set(still):
            detector.close(key)
        self._ids = {key: row["id"] for key, row in still.items()}
        return detector

    def _made(self, cursor: sqlite3.Cursor) -> Detector:
        """A detector that knows what was usual. What was an incident then is none now, unless the table has it open."""
        detector = Detector(self._policy)
        self._recent.clear()
        for row in cursor.execute(_SEED, (_SEEDS,)).fetchall():
            provider = provider_of(row["remote_mta"], row["recipient"])
            at = moment(row["received_at"])
            reason, fault = Reason(row["reason"]), Fault(row["fault"])
            for change in detector.observe(
                Sighting(at, row["recipient_key"], provider, FailureClass(row["class"]), reason, fault)
            ):
                detector.close(change.key)
        return detector


@dataclass(frozen=True, slots=True)
class Closing:
    """A person's word on an incident."""

    number: int
    outcome: Outcome
    at: datetime
    note: str = ""


def close(connection: sqlite3.Connection, closing: Closing, policies: Policies) -> int:
    """Close an incident by hand, inside somebody's transaction; how many recipients were folded again. StoreError where there
    is no such incident, or it was released before.
    """
    number, outcome = closing.number, closing.outcome
    row = connection.execute("SELECT outcome FROM incidents WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise StoreError(f"there is no incident {number}")
    if row["outcome"] == Outcome.RELEASED:
        raise StoreError(f"incident {number} was released before: its verdicts count")
    connection.execute(
        "UPDATE incidents SET closed_at = coalesce(closed_at, ?), outcome = ?, note = ? WHERE id = ?",
        (timestamp(closing.at), str(outcome), storable(closing.note), number),
    )
    if outcome is Outcome.VOIDED:
        return 0
    keys = [each["recipient_key"] for each in connection.execute(_HELD_KEYS, (number,))]
    connection.execute("DELETE FROM held WHERE incident_id = ?", (number,))
    changes = Changes(connection, closing.at)
    refold(connection, keys, changes, Folding(policies))
    changes.write()
    return len(keys)


def _key_of(row: sqlite3.Row) -> IncidentKey:
    return IncidentKey(Scope(row["scope"]), row["subject"], Reason(row["reason"]) if row["reason"] else None)


@dataclass(frozen=True, slots=True)
class Incident:
    """One row of ``incidents``; ``held`` verdicts are still held by it."""

    id: int
    scope: Scope
    subject: str
    reason: Reason | None
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    verdicts: int
    recipients: int
    held: int
    note: str


def incidents(connection: sqlite3.Connection, *, number: int | None = None, open_only: bool = False) -> list[Incident]:
    """The newest first; of one ``number``, that one alone or nothing."""
    terms = ["id = ?"] if number is not None else []
    terms += ["closed_at IS NULL"] if open_only else []
    sql = f"{_TOLD} WHERE {' AND '.join(terms) or '1'} ORDER BY id DESC LIMIT 1000"
    return [_incident_of(row) for row in connection.execute(sql, [number] if number is not None else [])]


_TOLD = "SELECT incidents.*, (SELECT count(*) FROM held WHERE incident_id = incidents.id) AS held FROM incidents"


def _incident_of(row: sqlite3.Row) -> Incident:
    return Incident(
        id=row["id"],
        scope=Scope(row["scope"]),
        subject=row["subject"],
        reason=Reason(row["reason"]) if row["reason"] else None,
        opened_at=moment(row["opened_at"]),
        last_at=moment(row["last_at"]),
        closed_at=moment(row["closed_at"]) if row["closed_at"] else None,
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        verdicts=row["verdicts"],
        recipients=row["recipients"],
        held=row["held"],
        note=row["note"],
    )
