"""Refold: where recipients stand, from the start: their verdicts that hold and that no incident holds back, and what operators
did, in their order.

Runs inside somebody's transaction. Promises: a recipient of whom nothing is left stands as if released, and keeps its row;
the feed is told of every change. Corrections that are not written may be laid over what is (``Overlay``). Knows nothing of why
somebody folds again.
"""

import json
import sqlite3
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bouncesink.core.occurrence import Act, Occurrence, OperatorAct, token_name
from bouncesink.core.policy import Policies
from bouncesink.core.recipient import Recipient, act_on, advance
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.store.holding import COUNTS, FIRST, HOLDS
from bouncesink.store.many import places
from bouncesink.store.selection import key_of
from bouncesink.store.standings import Changes
from bouncesink.store.text import moment

_AT_ONCE = 500
_VERDICTS = (
    f"SELECT verdicts.id, {FIRST} AS first, verdicts.recipient, recipient_key, verdicts.kind, class, reason, fault, "  # noqa: S608 - ours
    "verdicts.authenticity, disposition, evidence, received_at, list_name, original_message_id, forward_path, "
    "issued_on, key_id, reference "
    "FROM verdicts JOIN mails ON mails.id = mail_id "
    f"WHERE recipient_key IN ({{places}}) AND verdicts.id < ? AND {COUNTS} AND {HOLDS} ORDER BY first"
)
_ACTS = (
    "SELECT id, at, act, recipient, detail FROM audit WHERE id > ? AND act IN ('suppress', 'release', 'delivered', 'forget') "
    "ORDER BY id"
)
_FORGOTTEN = "SELECT 1 FROM audit WHERE id > ? AND act = 'forget' LIMIT 1"
_NEVER = 1 << 62

Reading = sqlite3.Cursor | sqlite3.Connection
Happened = Occurrence | OperatorAct


@dataclass(slots=True)
class Overlay:
    """Corrections that are not written: the first verdicts that they correct, and what they say, by whom it is about."""

    corrected: set[int] = field(default_factory=set)
    said: dict[str, list[tuple[int, Occurrence]]] = field(default_factory=dict)


class Acts:
    """What operators did, by whom it was done to. Kept between folds, since the audit knows addresses as they were spelled.

    With ``only`` nothing is kept but what was done to these: a list of addresses that was brought in may be a million acts.
    """

    def __init__(self, only: Collection[str] | None = None) -> None:
        self._only = only
        self._last = 0
        self._of: dict[str, list[OperatorAct]] = {}

    def refresh(self, connection: Reading) -> None:
        """Take in what was done since."""
        if self._last and connection.execute(_FORGOTTEN, (self._last,)).fetchone():
            self._last, self._of = 0, {}  # what was read before may be about the forgotten
        for row in connection.execute(_ACTS, (self._last,)):
            self._last = row["id"]
            if row["recipient"] is None or row["act"] == "forget":
                continue
            key = key_of(row["recipient"])
            if self._only is None or key in self._only:
                until = _moment(json.loads(row["detail"]).get("until"))
                act = OperatorAct(Act(row["act"]), moment(row["at"]), key, row["recipient"], "", until)
                self._of.setdefault(key, []).append(act)

    def of(self, key: str) -> Sequence[OperatorAct]:
        return self._of.get(key, ())


@dataclass(slots=True)
class Folding:
    """What folding again goes by."""

    policies: Policies
    acts: Acts = field(default_factory=Acts)
    overlay: Overlay = field(default_factory=Overlay)


def refold(connection: Reading, keys: Sequence[str], changes: Changes, folding: Folding, before: int = _NEVER) -> None:
    """Put into ``changes`` where each of ``keys`` stands; only verdicts below ``before`` are folded."""
    for key, after in standings_of(connection, keys, changes, folding, before):
        known = changes[key]
        released = known and OperatorAct(Act.RELEASE, known.updated_at, key, known.recipient, known.stream)
        changes.put(key, after if after or not released else act_on(known, released))


def standings_of(
    connection: Reading, keys: Sequence[str], changes: Changes, folding: Folding, before: int = _NEVER
) -> Iterator[tuple[str, Recipient | None]]:
    """Where each stands from the start; None where nothing is left to fold. ``changes`` is made to know what stood."""
    changes.load(keys)
    folding.acts.refresh(connection)
    overlay = folding.overlay
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        said = {key: list(overlay.said.get(key, ())) for key in some}
        sql = _VERDICTS.format(places=places(len(some)))
        for row in connection.execute(sql, (*some, before)).fetchall():
            if row["first"] not in overlay.corrected:
                said[row["recipient_key"]].append((row["first"], _occurrence(row)))
        for key in some:
            yield key, _folded(_in_order(said[key], folding.acts.of(key)), folding.policies)


def _in_order(said: list[tuple[int, Occurrence]], acts: Sequence[OperatorAct]) -> list[Happened]:
    """Verdicts in the order of their recording, acts among them by the clock, as when it happened."""
    happened: list[Happened] = []
    left = deque(acts)
    for _, occurrence in sorted(said, key=lambda each: each[0]):
        while left and left[0].at <= occurrence.at:
            happened.append(left.popleft())
        happened.append(occurrence)
    return [*happened, *left]


def _folded(happened: Sequence[Happened], policies: Policies) -> Recipient | None:
    recipient: Recipient | None = None
    for each in happened:
        if isinstance(each, OperatorAct):
            recipient = act_on(recipient, each)
        else:
            recipient = advance(recipient, each, policies.of(each.stream))
    return recipient


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
        token=token_name(date.fromisoformat(row["issued_on"]) if row["issued_on"] else None, row["key_id"], row["reference"]),
    )


_HELD_BACK = "held, else "


def held_back(verdict: Verdict) -> Verdict:
    """The verdict as part of an incident. What it would have led to stands in its evidence, should the incident be released."""
    return replace(verdict, disposition=Disposition.HOLD, evidence=held_evidence(verdict))


def held_evidence(verdict: Verdict) -> Evidence:
    """The evidence of the verdict as part of an incident."""
    said = verdict.evidence
    return Evidence(said.words, said.place, said.alternatives, said.blocklist, f"{_HELD_BACK}{verdict.disposition}")


def let_go(verdict: Verdict) -> Verdict:
    """The verdict as if no incident had ever held it."""
    if verdict.disposition is not Disposition.HOLD:
        return verdict
    return replace(verdict, disposition=Disposition(verdict.evidence.note.removeprefix(_HELD_BACK)))


def _disposition(row: sqlite3.Row) -> Disposition:
    """What a verdict leads to that no incident holds any more."""
    disposition = Disposition(row["disposition"])
    if disposition is not Disposition.HOLD:
        return disposition
    return Disposition(json.loads(row["evidence"])["note"].removeprefix(_HELD_BACK))


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None
