"""Refold: where recipients stand, from the start: their verdicts that no incident holds, and what operators did, in their
order.

Runs inside somebody's transaction. Promises: a recipient of whom nothing is left stands as if released, and keeps its row;
the feed is told of every change. Knows nothing of why somebody folds again.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bouncesink.core.occurrence import Act, Occurrence, OperatorAct
from bouncesink.core.policy import Policies
from bouncesink.core.recipient import Recipient, act_on, advance
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.store.selection import key_of
from bouncesink.store.standings import Changes
from bouncesink.store.text import moment

_AT_ONCE = 500
_VERDICTS = (
    "SELECT verdicts.id, verdicts.recipient, recipient_key, verdicts.kind, class, reason, fault, verdicts.authenticity, "
    "disposition, evidence, received_at, list_name, original_message_id, forward_path "
    "FROM verdicts JOIN mails ON mails.id = mail_id "
    "WHERE recipient_key IN ({places}) AND verdicts.id < ? AND verdicts.id NOT IN (SELECT verdict_id FROM held) "
    "ORDER BY verdicts.id"
)
_ACTS = (
    "SELECT at, act, recipient, detail FROM audit WHERE recipient IS NOT NULL AND act IN ('suppress', 'release', 'delivered')"
)
_NEVER = 1 << 62

Happened = Occurrence | OperatorAct


def refold(
    connection: sqlite3.Cursor | sqlite3.Connection,
    keys: Sequence[str],
    changes: Changes,
    policies: Policies,
    before: int = _NEVER,
) -> None:
    """Put into ``changes`` where each of ``keys`` stands; only verdicts below ``before`` are folded."""
    changes.load(keys)
    acts = _acts(connection, set(keys))
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        happened: dict[str, list[Happened]] = {key: list(acts.get(key, ())) for key in some}
        sql = _VERDICTS.format(places=", ".join("?" * len(some)))
        for row in connection.execute(sql, (*some, before)).fetchall():
            happened[row["recipient_key"]].append(_occurrence(row))
        for key in some:
            known = changes[key]
            after = _folded(sorted(happened[key], key=lambda each: each.at), policies)
            if known is not None:
                last = known.updated_at
                after = after or act_on(known, OperatorAct(Act.RELEASE, last, key, known.recipient, known.stream))
            changes.put(key, after)


def _folded(happened: Sequence[Happened], policies: Policies) -> Recipient | None:
    recipient: Recipient | None = None
    for each in happened:
        if isinstance(each, OperatorAct):
            recipient = act_on(recipient, each)
        else:
            recipient = advance(recipient, each, policies.of(each.stream))
    return recipient


def _acts(connection: sqlite3.Cursor | sqlite3.Connection, keys: set[str]) -> dict[str, list[OperatorAct]]:
    found: dict[str, list[OperatorAct]] = {}
    for row in connection.execute(_ACTS).fetchall():
        key = key_of(row["recipient"])
        if key in keys:
            until = json.loads(row["detail"]).get("until")
            act = OperatorAct(Act(row["act"]), moment(row["at"]), key, row["recipient"], "", _moment(until))
            found.setdefault(key, []).append(act)
    return found


def _occurrence(row: sqlite3.Row) -> Occurrence:
    return Occurrence(
        verdict_id=row["id"],
        at=moment(row["received_at"]),
        key=row["recipient_key"],
        recipient=row["recipient"],
        stream=row["list_name"],
        kind=Kind(row["kind"]),
        class_=FailureClass(row["class"]) if row["class"] else None,
        reason=Reason(row["reason"]) if row["reason"] else None,
        fault=Fault(row["fault"]) if row["fault"] else None,
        authenticity=Authenticity(row["authenticity"]),
        disposition=_disposition(row),
        bounce=row["original_message_id"] or row["forward_path"],
    )


_HELD_BACK = "held, else "


def held_back(verdict: Verdict) -> Verdict:
    """The verdict as part of an incident. What it would have led to stands in its evidence, should the incident be released."""
    note = f"{_HELD_BACK}{verdict.disposition}"
    return replace(verdict, disposition=Disposition.HOLD, evidence=replace(verdict.evidence, note=note))


def _disposition(row: sqlite3.Row) -> Disposition:
    """What a verdict leads to that no incident holds any more."""
    disposition = Disposition(row["disposition"])
    if disposition is not Disposition.HOLD:
        return disposition
    return Disposition(json.loads(row["evidence"])["note"].removeprefix(_HELD_BACK))


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
