"""Incidents in the database: the detector's eyes and hands, inside the writer's transaction.

``Incidents.watch`` looks at the verdicts of a batch before they are written: one that belongs to a burst is recorded with
the disposition "hold". ``settle`` writes what that opened, fed and closed, and folds again, without their held verdicts,
those whose verdicts of the hour or day before belong to it too. ``close`` is a person's word: voided, what was held counts for
nothing for ever; released, it counts as it was judged, and so many are usual from then on.

Promises: what is not proven never holds what is; a detector that saw what was
then rolled back is made anew from the tables; an incident that is over by itself is voided. Begins and ends no transaction.
"""

import sqlite3
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bouncesink.core.incident import (
    HOLDING,
    LOOKS_BACK,
    Change,
    Detector,
    IncidentChange,
    IncidentKey,
    IncidentPolicy,
    Scope,
    key_of,
)
from bouncesink.core.policy import Policies
from bouncesink.core.sighting import Sighting, provider_of, sighting_of
from bouncesink.core.value import value
from bouncesink.core.verdict import FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.errors import StoreMisses, StoreRefuses
from bouncesink.observe import log
from bouncesink.store.holding import COUNTS, FIRST, HOLDS, hold
from bouncesink.store.refold import Acts, Folding, held_evidence, refold
from bouncesink.store.rows import VERDICT_COLUMNS, held_row
from bouncesink.store.standings import Changes, Fresh
from bouncesink.store.text import moment, storable, timestamp

_KEY = VERDICT_COLUMNS.index("recipient_key")
_SEEDS = 20_000
_RECENT = 200_000
_OPEN = "SELECT id, scope, subject, reason, last_at FROM incidents WHERE closed_at IS NULL"
_RELEASED = "SELECT id, scope, subject, reason, last_at, recipients FROM incidents WHERE outcome = 'released'"
_FED = "UPDATE incidents SET last_at = max(last_at, ?), verdicts = verdicts + ?, recipients = recipients + ? WHERE id = ?"
_SEED = (
    f"SELECT {FIRST} AS first, verdicts.recipient, recipient_key, remote_mta, reporting_mta, class, reason, fault, "  # noqa: S608 - ours
    "verdicts.authenticity, received_at FROM verdicts "
    "JOIN mails ON mails.id = mail_id WHERE verdicts.kind = 'bounce' "
    "AND (class = 'hard' AND verdicts.authenticity = 'proven' OR disposition = 'count' AND verdicts.authenticity IN "
    "('proven', 'unsigned') AND (class = 'hard' OR fault IN ('network', 'receiver'))) "
    "AND recipient_key IS NOT NULL AND reason IS NOT NULL AND verdicts.id > (SELECT coalesce(max(id), 0) - ? FROM verdicts) "
    f"AND {COUNTS} AND {HOLDS} ORDER BY first"
)
_FIRST_MAIL = "SELECT received_at FROM mails ORDER BY id LIMIT 1"
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
    """A verdict of the last day that may yet turn out to belong to a burst."""

    at: datetime
    incident: IncidentKey
    verdict_id: int
    key: str


@dataclass(slots=True)
class _Fed:
    """What a batch adds to one incident. ``at`` is the newest of its verdicts; a burst holds those in ``held``."""

    at: datetime
    verdicts: int = 0
    recipients: set[str] = field(default_factory=set)
    held: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """What a batch has to write. Nothing, where ``fed`` and ``closed`` are empty: what opens is fed."""

    opened: list[IncidentChange] = field(default_factory=list)
    fed: dict[IncidentKey, _Fed] = field(default_factory=dict)
    closed: tuple[IncidentChange, ...] = ()
    earlier: dict[str, None] = field(default_factory=dict)  # recipients of verdicts that were recorded before this batch

    def __bool__(self) -> bool:
        return bool(self.fed or self.closed)

    @property
    def upsets(self) -> bool:
        """Whether an incident begins or ends and takes recipients along: both are written, or neither."""
        return bool(self.opened or self.closed)

    def tell(self) -> None:
        """Log it, once it is committed."""
        for changes, logged in ((self.closed, log.incident_closed), (self.opened, log.incident_opened)):
            for scope, subject, reason in [change.key for change in changes]:
                logged(scope=str(scope), subject=subject, reason=str(reason) if reason else None)


class Incidents:
    """Belongs to the writer, on its thread."""

    def __init__(self, policy: IncidentPolicy | None = None) -> None:
        self._policy = policy or IncidentPolicy()
        self._detector: Detector | None = None
        self._ids: dict[IncidentKey, int] = {}
        self._recent: deque[_Recent] = deque(maxlen=_RECENT)
        self._taught: set[int] = set()  # the incidents that somebody released
        self._version = -1

    def distrust(self) -> None:
        """What the detector saw was rolled back."""
        self._detector = None

    def watch(self, cursor: sqlite3.Cursor, fresh: list[Fresh], first_verdict: int) -> Seen:
        """Look at a batch, which has any; those of ``fresh`` that belong to a burst get the disposition "hold"."""
        detector = self._ready(cursor)
        seen = Seen(closed=detector.rest(fresh[0].story.received_at))  # first: what comes now is no part of what is over
        for number, each in enumerate(fresh, first_verdict):
            sighting = sighting_of(each.verdict, each.row[_KEY], each.story.received_at)
            if sighting is None:
                continue
            change = detector.observe(sighting)
            if change is None:
                self._remember(sighting, number)
            else:
                self._feed(sighting, number, change, seen)
        for fed in seen.fed.values():
            for place in [number - first_verdict for number in fed.held if number >= first_verdict]:
                fresh[place] = _held(fresh[place])
        return seen

    def settle(self, cursor: sqlite3.Cursor, seen: Seen, changes: Changes, policies: Policies, first_verdict: int) -> None:
        """Write what ``watch`` saw. The batch's verdicts stand in their table, and are not folded yet."""
        for change in seen.closed:
            if (number := self._ids.pop(change.key, 0)) != 0:
                cursor.execute(
                    "UPDATE incidents SET closed_at = ?, outcome = ? WHERE id = ?",
                    (timestamp(change.at), str(Outcome.VOIDED), number),
                )
        for change in seen.opened:
            self._open(cursor, change)
        for key, fed in seen.fed.items():
            number = self._ids[key]
            held = hold(cursor, fed.held, number)
            cursor.execute(_FED, (timestamp(fed.at), max(fed.verdicts, held), len(fed.recipients), number))
        if seen.earlier:
            refold(cursor, list(seen.earlier), changes, Folding(policies, Acts(seen.earlier)), before=first_verdict)

    def _feed(self, sighting: Sighting, number: int, change: IncidentChange, seen: Seen) -> None:
        """Verdict ``number`` opens or feeds an incident."""
        key = change.key
        fed = seen.fed.get(key)
        if fed is None:
            fed = seen.fed[key] = _Fed(change.at)
        fed.at = max(fed.at, change.at)
        fed.verdicts += 1
        fed.recipients.add(sighting.recipient_key)
        if key.scope in HOLDING:
            fed.held.append(number)
        if change.change is Change.OPENED:
            seen.opened.append(change)
            for earlier in self._recalled(change):  # none but of those that hold: no others are remembered
                fed.held.append(earlier.verdict_id)
                fed.recipients.add(earlier.key)
                seen.earlier[earlier.key] = None

    def _remember(self, sighting: Sighting, number: int) -> None:
        key = key_of(sighting)
        if key is not None and key.scope in HOLDING:
            recent = self._recent
            recent.append(_Recent(sighting.at, key, number, sighting.recipient_key))
            while sighting.at - recent[0].at > LOOKS_BACK:
                recent.popleft()

    def _recalled(self, change: IncidentChange) -> list[_Recent]:
        """Those of before that belong to it, and so to no other that may open."""
        recalled: list[_Recent] = []
        others: deque[_Recent] = deque(maxlen=_RECENT)
        for each in self._recent:
            belongs = change.key.covers(each.incident) and each.at >= change.since
            (recalled if belongs else others).append(each)
        self._recent = others
        return recalled

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
        self._teach(detector, cursor)
        return detector

    def _teach(self, detector: Detector, cursor: sqlite3.Cursor) -> None:
        for row in cursor.execute(_RELEASED).fetchall():
            key = _key_of(row)
            if row["id"] not in self._taught and key.scope in HOLDING:
                detector.teach(key, row["recipients"], moment(row["last_at"]))
            self._taught.add(row["id"])

    def _made(self, cursor: sqlite3.Cursor) -> Detector:
        """A detector that knows what was usual. What was an incident then is none now, unless the table has it open."""
        first = cursor.execute(_FIRST_MAIL).fetchone()
        detector = Detector(self._policy, moment(first["received_at"]) if first else None)
        self._recent.clear()
        self._taught.clear()
        for row in cursor.execute(_SEED, (_SEEDS,)).fetchall():
            at, reason, fault = moment(row["received_at"]), Reason(row["reason"]), Fault(row["fault"])
            provider = provider_of(reason, row["remote_mta"], row["reporting_mta"], row["recipient"])
            class_, proven = FailureClass(row["class"]) if row["class"] else None, row["authenticity"] == Authenticity.PROVEN
            sighting = Sighting(at, row["recipient_key"], provider, class_, reason, fault, proven=proven)
            self._remember(sighting, row["first"])
            if change := detector.observe(sighting):
                detector.close(change.key)
        return detector


def _held(fresh: Fresh) -> Fresh:
    """As part of an incident."""
    return Fresh(fresh.mail_id, fresh.verdict, held_row(fresh.row, held_evidence(fresh.verdict)), fresh.story, held=True)


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
        raise StoreMisses(f"there is no incident {number}; `bouncesink incidents list --all` shows them")
    if row["outcome"] == Outcome.RELEASED:
        raise StoreRefuses(f"incident {number} was released before: its verdicts count")
    connection.execute(
        "UPDATE incidents SET closed_at = coalesce(closed_at, ?), outcome = ?, note = ? WHERE id = ?",
        (timestamp(closing.at), str(outcome), storable(closing.note), number),
    )
    if outcome is Outcome.VOIDED:
        return 0
    keys = [each["recipient_key"] for each in connection.execute(_HELD_KEYS, (number,))]
    connection.execute("DELETE FROM held WHERE incident_id = ?", (number,))
    changes = Changes(connection, closing.at)
    refold(connection, keys, changes, Folding(policies, Acts(frozenset(keys))))
    changes.write()
    return len(keys)


def _key_of(row: sqlite3.Row) -> IncidentKey:
    return IncidentKey(Scope(row["scope"]), row["subject"], Reason(row["reason"]) if row["reason"] else None)
