"""Reasons: what each reason means, whose fault it is and what follows by default. The data is ``rules/reasons.toml``.

A reason is never split by vendor or code: those are rules. Every member of ``verdict.Reason`` has exactly one entry; the
equivalents elsewhere are for people who move here and for comparing, nothing in the code reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bouncesink.core.problems import Table, nearest
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason

VOCABULARIES = ("sisimai", "kumomta", "powermta", "ses", "anymail")
_KEYS = ("fault", "disposition", "days", "expires_days", "class", "forces_class", "counts_when_failed", "then", "incident")
_WORDS = ("meaning", "advice")


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """One reason's row.

    ``disposition`` is that of a proven verdict whose class is hard. ``days`` is on how many days it must be said before a
    suppression takes effect, ``expires_days`` how long that holds (0: for good). ``class_`` stands where no code speaks, and
    against every code where ``forces_class``. ``counts_when_failed`` lets a review count when it is proven and the report says
    ``Action: failed``. ``then`` is what follows when counting reaches its threshold. ``incident`` marks a fault on our side
    that many recipients will report at once.
    """

    reason: Reason
    fault: Fault
    disposition: Disposition
    days: int
    expires_days: int
    class_: FailureClass | None
    forces_class: bool
    counts_when_failed: bool
    then: Disposition
    incident: bool
    meaning: str
    advice: str
    equivalents: Mapping[str, str]


def read_reasons(data: Mapping[str, Any], file: str, problems: list[str]) -> dict[Reason, ReasonEntry]:
    """The entries of a reasons file; what does not hold is added to ``problems``."""
    known = [reason.value for reason in Reason]
    problems.extend(f"{file}: unknown reason {name!r}{nearest(name, known)}" for name in data if name not in known)
    entries: dict[Reason, ReasonEntry] = {}
    for reason in Reason:
        row = data.get(reason.value)
        if isinstance(row, dict):
            entries[reason] = _entry(reason, Table(f"{file}: {reason}", row, problems))
        else:
            problems.append(f"{file}: reason {reason.value!r} is missing")
    return entries


def _entry(reason: Reason, table: Table) -> ReasonEntry:
    table.only((*_KEYS, *_WORDS, *VOCABULARIES))
    entry = ReasonEntry(
        reason=reason,
        fault=table.word("fault", Fault, needed=True) or Fault.UNKNOWN,
        disposition=table.word("disposition", Disposition, needed=True) or Disposition.REVIEW,
        days=table.number("days", 1),
        expires_days=table.number("expires_days", 0),
        class_=table.word("class", FailureClass),
        forces_class=table.flag("forces_class"),
        counts_when_failed=table.flag("counts_when_failed"),
        then=table.word("then", Disposition) or Disposition.SUPPRESS,
        incident=table.flag("incident"),
        meaning=table.text("meaning", needed=True),
        advice=table.text("advice", needed=True),
        equivalents={name: table.text(name, needed=True) for name in VOCABULARIES},
    )
    if entry.forces_class and entry.class_ is None:
        table.wrong("forces_class needs a class to force")
    if entry.incident and entry.disposition is not Disposition.IGNORE:
        table.wrong("an incident is a fault of the sending side: its disposition must be ignore")
    return entry
