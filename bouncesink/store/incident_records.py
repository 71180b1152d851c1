"""Incident records: what the tables have of incidents, for whoever looks at them.

Promises: reads only. Knows nothing of how an incident is seen, or closed (``incidents``).
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from bouncesink.core.incident import Scope
from bouncesink.core.verdict import Reason
from bouncesink.store.incidents import Outcome
from bouncesink.store.text import moment

_EARLIER = (
    "FROM incidents AS earlier WHERE earlier.id < incidents.id AND earlier.scope = incidents.scope "
    "AND earlier.subject = incidents.subject"
)
_TOLD = (
    "SELECT incidents.*, (SELECT count(*) FROM held WHERE incident_id = incidents.id) AS held, "  # noqa: S608 - ours
    f"CASE WHEN EXISTS (SELECT 1 {_EARLIER}) THEN (SELECT count(DISTINCT now.recipient_key) "
    "FROM held JOIN verdicts AS now ON now.id = verdict_id WHERE incident_id = incidents.id AND EXISTS "
    "(SELECT 1 FROM verdicts AS before JOIN held AS was ON was.verdict_id = before.id "
    f"WHERE before.recipient_key = now.recipient_key AND was.incident_id IN (SELECT earlier.id {_EARLIER}))) "
    "ELSE 0 END AS held_before FROM incidents"
)


@dataclass(frozen=True, slots=True)
class Incident:
    """One row of ``incidents``; ``held`` verdicts are still held by it. ``held_before`` of its recipients were held by an
    earlier incident about the same too: the dead come back in each, those whom an outage hit do not.
    """

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
    held_before: int
    note: str


def incidents(connection: sqlite3.Connection, *, number: int | None = None, open_only: bool = False) -> list[Incident]:
    """The newest first; of one ``number``, that one alone or nothing."""
    terms = ["id = ?"] if number is not None else []
    terms += ["closed_at IS NULL"] if open_only else []
    sql = f"{_TOLD} WHERE {' AND '.join(terms) or '1'} ORDER BY id DESC LIMIT 1000"
    return [_incident_of(row) for row in connection.execute(sql, [number] if number is not None else [])]


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
        held_before=row["held_before"],
        note=row["note"],
    )
